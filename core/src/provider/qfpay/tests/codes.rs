//! Each row of vnpay-qfpay.md 3.11: the class of the refund call without and with a `syssn`, and of the row.

use super::{CallClass, RowClass, call_class, row_class};

#[test]
fn every_code_has_the_classes_of_the_table() {
    use CallClass::{AlreadyRefunded, NoBalance, NotNow, Pending, Refused, Succeeded, Unknown};
    use RowClass::Failed;
    let (row_ok, row_wait, row_unknown) = (RowClass::Succeeded, RowClass::Pending, RowClass::Unknown);
    let table: &[(&[u16], CallClass, RowClass)] = &[
        (&[0], Succeeded, row_ok),
        (&[1100], Unknown, row_unknown),
        (&[1101], Unknown, Failed),
        (&[1102], Unknown, row_unknown),
        (&[1103, 1104, 1105, 1106, 1107, 1108, 1109], Refused, Failed),
        (&[1110, 1111, 1112], Unknown, row_unknown),
        (&[1113, 1114, 1115, 1116, 1117, 1118, 1119, 1120, 1121, 1122, 1123, 1124], Refused, Failed),
        (&[1125], AlreadyRefunded, Failed),
        (&[1126], Refused, Failed),
        (&[1127, 1128], Unknown, row_unknown),
        (&[1130], Refused, Failed),
        (&[1131, 1133], Unknown, row_unknown),
        (&[1136], Refused, Failed),
        (&[1142], Unknown, Failed),
        (&[1143], Pending, row_wait),
        (&[1144, 1146], Unknown, row_unknown),
        (&[1145], Pending, row_wait),
        (&[1147], Unknown, Failed),
        (&[1150, 1151, 1152, 1153], Refused, Failed),
        (&[1154], Unknown, row_unknown),
        (&[1155], Refused, Failed),
        (&[1161, 1170, 1180], Unknown, row_unknown),
        (&[1181, 1201, 1202, 2005, 2006, 1203], Refused, Failed),
        (&[1204, 1205], Unknown, Failed),
        (&[1212, 1241, 1242, 1243, 1250], Refused, Failed),
        (&[1251], Refused, row_unknown),
        (&[1252, 1254, 1260], Unknown, row_unknown),
        (&[1261], Refused, Failed),
        (&[1262, 1264], AlreadyRefunded, Failed),
        (&[1263], Refused, Failed),
        (&[1265], NotNow, row_unknown),
        (&[1266, 1267, 1268], Refused, Failed),
        (&[1269], NoBalance, Failed),
        (&[1270, 1271, 1272, 1294], Refused, Failed),
        (&[1295, 1296, 1297, 1298, 2011], Unknown, row_unknown),
        (&[2999], Pending, row_wait),
        (&[1, 9999, 1299, 1300, 2000], Unknown, row_unknown),
    ];
    for (codes, call, row) in table {
        for code in *codes {
            let code = format!("{code:04}");
            assert_eq!(call_class(&code, "text", false), *call, "{code}");
            assert_eq!(row_class(&code, "text"), *row, "{code}");
            // With a number there is a row: nothing is sent again for a "later".
            let with_row = if matches!(call, NotNow | NoBalance) { Unknown } else { *call };
            assert_eq!(call_class(&code, "text", true), with_row, "{code} with a syssn");
        }
    }
}

#[test]
fn one_code_with_two_meanings_is_told_by_its_text() {
    for text in ["out_trade_no is used", "Do not use duplicate OUT_TRADE_NO for request(1251)"] {
        assert_eq!(call_class("1251", text, false), CallClass::Unknown);
    }
    for text in ["refund period of 29 days", "超出可退款時限", "The refund period is exceeded"] {
        assert_eq!(call_class("1265", text, false), CallClass::Refused);
        assert_eq!(row_class("1265", text), RowClass::Failed);
    }
}

#[test]
fn while_another_refund_runs_it_is_put_off() {
    let text = "You still have prosessing requests, please do not repeat the initiation";
    for code in ["1124", "1205", "1297", "4711"] {
        assert_eq!(call_class(code, text, false), CallClass::Busy, "{code}");
        assert_eq!(call_class(code, text, true), CallClass::Unknown, "{code}");
    }
    assert_eq!(call_class("0000", text, false), CallClass::Succeeded);
    assert_eq!(call_class("1143", text, false), CallClass::Pending);
}
