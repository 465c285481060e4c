//! A served ledger with three people, and tills to come from.

use crate::support::served::{Served, answer, operator};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use vietqr_edge::{config::Role as OperatorRole, http::Role, pin::Desk};

/// No other text in a test has these digits.
pub const LAN: &str = "904217";
pub const HOA: &str = "904218";
pub const BOSS: &str = "904219";
pub const WRONG: &str = "704219";

pub struct Shop {
    pub served: Served,
    pub desk: Desk,
}

/// Status, problem code or state, and the whole answer.
pub type Answer = (u16, String, Value);

impl Shop {
    /// Three payments of 25.000 đ; above 15.000 đ a manager approves.
    pub async fn open() -> Shop {
        let served = Served::with(|options| {
            let refund = &mut options.rules.refund;
            refund.operators = vec![("lan".into(), false), ("hoa".into(), false), ("boss".into(), true)];
            refund.limits.as_mut().unwrap().approval_above = 15_000;
        });
        served.book(1, 3).await;
        let desk = served.desk(vec![
            operator("lan", OperatorRole::Cashier, LAN),
            operator("hoa", OperatorRole::Cashier, HOA),
            operator("boss", OperatorRole::Manager, BOSS),
        ]);
        Shop { served, desk }
    }

    /// Whoever has the token of this name.
    pub fn till(&self, role: Role, name: &str) -> Till {
        Till(self.served.also_for(role, Some(&self.desk), name))
    }

    /// Whether these digits stand in any file of the ledger.
    pub fn keeps(&self, digits: &str) -> bool {
        let mut folders = vec![self.served.folder.path().join("state")];
        let mut kept = false;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    kept |= bytes.windows(digits.len()).any(|window| window == digits.as_bytes());
                }
            }
        }
        kept
    }
}

#[derive(Clone)]
pub struct Till(reqwest::Client);

impl Till {
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let (_, answer) = self.whole(path, body).await;
        answer
    }

    /// The header `Retry-After` as well.
    pub async fn whole(&self, path: &str, body: &Value) -> (Option<String>, Answer) {
        let request: RequestBuilder = self.0.post(format!("http://localhost{path}")).json(body);
        let response = request.send().await.unwrap();
        let after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        let word = body.get("code").filter(|code| status >= 400 && !code.is_null()).unwrap_or(&body["state"]);
        (after, (status, word.as_str().unwrap().to_owned(), body))
    }

    /// Asks for a refund.
    pub async fn ask(&self, request_id: &str, amount: u64, operator: &str, pin: &str) -> Answer {
        self.post("/v1/refunds", &ask(request_id, "FT00001", amount, operator, Some(pin))).await
    }

    /// Status and code alone.
    pub async fn guess(&self, operator: &str, pin: &str) -> (u16, String) {
        let (status, code, _) = self.ask("guess", 1_000_000_000, operator, pin).await;
        (status, code)
    }

    pub async fn get(&self, path: &str) -> Value {
        answer(self.0.get(format!("http://localhost{path}"))).await.2
    }
}

pub fn ask(request_id: &str, reference: &str, amount: u64, operator: &str, pin: Option<&str>) -> Value {
    let mut body = json!({"request_id": request_id, "provider": "vietqr", "bank_account": "1234567890",
        "reference_number": reference, "amount": amount, "reason": "khách trả hàng", "operator": operator});
    if let Some(pin) = pin {
        body["pin"] = json!(pin);
    }
    body
}

pub fn path(refund: &Value, action: &str) -> String {
    format!("/v1/refunds/{}/{action}", refund["id"].as_str().unwrap())
}
