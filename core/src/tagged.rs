//! Enums that are told apart by a member of their own object.

/// Defines an enum of structs that as JSON carries its variant's name (in snake case) in the member `tag`.
///
/// serde's own way to read `#[serde(tag = "...")]` keeps the members in a form of its own, from which all that they hold must be
/// readable as well: each of those types is compiled twice. Here the object is read as if its name stood before it.
#[macro_export]
macro_rules! tagged {
    ($(#[$about:meta])* pub enum $name:ident = $path:literal, tag = $tag:literal { $($variants:tt)* }) => {
        $(#[$about])*
        #[derive(::serde::Serialize)]
        #[serde(tag = $tag, rename_all = "snake_case")]
        pub enum $name { $($variants)* }

        const _: () = {
            use ::serde::{Deserialize, Deserializer, de::Error};

            #[derive(Deserialize)]
            #[serde(remote = $path, rename_all = "snake_case")]
            #[allow(dead_code, clippy::large_enum_variant)] // it is only read as
            enum Shape { $($variants)* }

            #[derive(Deserialize)]
            struct Tag {
                #[serde(rename = $tag)]
                name: String,
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                    let object = Box::<::serde_json::value::RawValue>::deserialize(deserializer)?;
                    let tag: Tag = ::serde_json::from_str(object.get()).map_err(D::Error::custom)?;
                    let name = ::serde_json::Value::from(tag.name);
                    let named = format!("{{{name}:{}}}", object.get());
                    Shape::deserialize(&mut ::serde_json::Deserializer::from_str(&named)).map_err(D::Error::custom)
                }
            }
        };
    };
}
