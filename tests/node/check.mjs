// What a merchant does with the public library `vnpay`: look a payment up, refund it, look again. Prints one JSON object a call.
// NODE_EXTRA_CA_CERTS names the CA of the sandbox.
import { VNPay } from 'vnpay';

const { ORIGIN, TMN_CODE, SECRET, TXN_REF, TRANSACTION_DATE, TRANSACTION_NO, AMOUNT } = process.env;

const merchant = (secureSecret) => new VNPay({
    tmnCode: TMN_CODE,
    secureSecret,
    vnpayHost: ORIGIN,
    queryDrAndRefundHost: ORIGIN,
});

let calls = 0;
// Dates are written out: the library's own helpers are right only where the process runs in UTC.
const common = () => ({
    vnp_RequestId: `${TXN_REF}n${++calls}`,
    vnp_TxnRef: TXN_REF,
    vnp_TransactionNo: Number(TRANSACTION_NO),
    vnp_TransactionDate: Number(TRANSACTION_DATE),
    vnp_CreateDate: 20261121093000,
    vnp_IpAddr: '203.0.113.7',
});
const query = () => ({ ...common(), vnp_OrderInfo: 'Truy van giao dich' });
const refund = (dong, type) => ({
    ...common(),
    vnp_TransactionType: type,
    vnp_Amount: dong,
    vnp_CreateBy: 'lan@example.vn',
    vnp_OrderInfo: 'Hoan tien don hang',
});

const said = [];
const right = merchant(SECRET);
said.push(await right.queryDr(query()));
said.push(await merchant('another secret').refund(refund(1000, '03')));
said.push(await right.refund(refund(40000, '03')));
said.push(await right.refund(refund(Number(AMOUNT) - 40000, '03')));
said.push(await merchant('another secret').queryDr(query()));
said.push(await right.queryDr({ ...query(), vnp_TransactionNo: Number(said[2].vnp_TransactionNo) }));
for (const answer of said) console.log(JSON.stringify(answer));
