//! The worked examples of voice.md: `examples.txt` is its table without the notes, row by row.

/// Amount, northern words, southern words.
pub(super) fn examples() -> Vec<(u64, &'static str, &'static str)> {
    include_str!("examples.txt")
        .lines()
        .map(|line| {
            let [amount, north, south] = line.split(" | ").collect::<Vec<_>>().try_into().unwrap();
            (amount.replace('.', "").parse().unwrap(), north, if south == "=" { north } else { south })
        })
        .collect()
}
