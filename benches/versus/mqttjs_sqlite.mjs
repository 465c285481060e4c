// What one would write in Node instead: mqtt.js and better-sqlite3.
//
// Takes payments from MQTT, keeps each once, acknowledges a message after its commit, then says it.
// With --batch 1 every message has a commit of its own; with more, those that were read together share one.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import mqtt from 'mqtt';

const names = ['host', 'ca', 'user', 'password-file', 'client-id', 'account', 'terminal', 'db', 'port', 'batch', 'voice'];
const { values: args } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
const most = Number(args.batch);

const db = new Database(args.db);
db.pragma('journal_mode = DELETE');
db.pragma('synchronous = FULL');
db.exec(`CREATE TABLE IF NOT EXISTS payment (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, reference TEXT NOT NULL, terminal TEXT NOT NULL, amount INTEGER NOT NULL,
    order_id TEXT, content TEXT, paid_at TEXT, received_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (account, reference))`);
const insert = db.prepare(`INSERT INTO payment (account, reference, terminal, amount, order_id, content, paid_at)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);

// The row of a payment in; null for what is none.
function decode(packet) {
    try {
        const told = JSON.parse(packet.payload.toString());
        if (told.bankAccount !== args.account || told.transType !== 'C' || !Number.isSafeInteger(told.amount)
            || told.amount <= 0 || typeof told.referenceNumber !== 'string') return null;
        return [told.bankAccount, told.referenceNumber, args.terminal, told.amount,
            told.orderId ?? null, told.content ?? null, told.timePaid ?? null];
    } catch {
        return null;
    }
}

// Keeps the messages in one commit. Gives the amounts of those that are new.
const store = db.transaction((packets) => {
    const fresh = [];
    for (const packet of packets) {
        const row = decode(packet);
        if (row !== null && insert.run(row).changes === 1) fresh.push(row[3]);
    }
    return fresh;
});

let spoken = Promise.resolve();
function say(amounts) {
    if (args.voice === undefined) return;
    const [program, ...rest] = args.voice.split(' ');
    for (const amount of amounts) {
        spoken = spoken.then(() => new Promise((resolve) => {
            const speaker = spawn(program, rest, { stdio: ['pipe', 'ignore', 'ignore'] });
            speaker.on('close', resolve);
            speaker.stdin.end(`Đã nhận ${amount.toLocaleString('vi-VN')} đồng\n`);
        }));
    }
}

const client = mqtt.connect({
    protocol: 'mqtts', host: args.host, port: Number(args.port), ca: readFileSync(args.ca), clientId: args['client-id'],
    username: args.user, password: readFileSync(args['password-file'], 'utf8').trim(), clean: false, keepalive: 60,
});
client.on('connect', () => client.subscribe(`vietqr/bdsd/${args.terminal}`, { qos: 1 }));
client.on('error', (error) => { console.error(error); process.exit(1); });

if (most === 1) {
    client.handleMessage = (packet, done) => {
        const amounts = store([packet]);
        done();
        say(amounts);
    };
} else {
    // The library hands over a message once the one before is answered: an error answers without PUBACK, which follows the commit.
    let waiting = [];
    const flush = () => {
        if (waiting.length === 0) return;
        const packets = waiting;
        waiting = [];
        const amounts = store(packets);
        for (const { messageId } of packets) client._sendPacket({ cmd: 'puback', messageId });
        say(amounts);
    };
    client.handleMessage = (packet, done) => {
        waiting.push(packet);
        if (waiting.length === 1) setImmediate(flush);
        if (waiting.length === most) flush();
        done(new Error('acknowledged after the commit'));
    };
}
