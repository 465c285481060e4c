//! A JSON object whose values are written exactly as told: `25000.0` and `2.5e4` are what some tests are about.

/// The members of an object, in the order in which they are sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, Option<String>)>);

impl Fields {
    /// Sets a member to JSON text; none: it is absent.
    pub(crate) fn set(&mut self, key: &str, json: Option<String>) {
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some((_, value)) => *value = json,
            None => self.0.push((key.to_string(), json)),
        }
    }

    /// Sends absent members as `null`, as a serializer that keeps them does.
    pub(crate) fn nulls_for_absent(&mut self) {
        for (_, value) in &mut self.0 {
            value.get_or_insert_with(|| "null".to_string());
        }
    }

    /// Writes all keys in lower case.
    pub(crate) fn lower_case_keys(&mut self) {
        for (key, _) in &mut self.0 {
            *key = key.to_lowercase();
        }
    }

    /// The object's text.
    pub(crate) fn text(&self) -> String {
        let members = self.0.iter().filter_map(|(key, value)| Some(format!("{}:{}", string(key), value.as_ref()?)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

/// A JSON string.
pub(crate) fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
