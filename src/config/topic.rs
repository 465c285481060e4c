//! MQTT topics with placeholders.

/// A topic to publish to: no wildcard, and of the `allowed` placeholders each at most once, the `needed` ones exactly once.
///
/// # Errors
/// A sentence that says what was expected.
pub(super) fn check(text: &str, allowed: &[&str], needed: &[&str]) -> Result<String, String> {
    if text.len() > 512 {
        return Err("expected at most 512 bytes".to_owned());
    }
    if text.contains(['+', '#']) {
        return Err("expected a topic without the wildcards + and #".to_owned());
    }
    if text.starts_with('$') {
        return Err("expected a topic that does not begin with $, which is the broker's own".to_owned());
    }
    let list: Vec<String> = allowed.iter().map(|name| format!("{{{name}}}")).collect();
    let list = list.join(", ");
    let mut rest = text.to_owned();
    for name in allowed {
        let mark = format!("{{{name}}}");
        let times = text.matches(&mark).count();
        if times > 1 || (times == 0 && needed.contains(name)) {
            return Err(format!("expected {mark} in it {}once", if times > 1 { "only " } else { "" }));
        }
        rest = rest.replace(&mark, "");
    }
    if rest.contains(['{', '}']) {
        return Err(format!("expected no placeholder but {list}"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_its_placeholders_once_and_no_other() {
        let allowed = ["device", "type"];
        for (topic, good) in [
            ("shops/{device}/events/{type}", true),
            ("shops/{device}", true),
            ("shops", false),
            ("{device}/{device}", false),
            ("{device}/+", false),
            ("{device}/#", false),
            ("{device}/{typo}", false),
            ("{device}/{", false),
            ("$SYS/{device}", false),
        ] {
            assert_eq!(check(topic, &allowed, &["device"]).is_ok(), good, "{topic}");
        }
    }
}
