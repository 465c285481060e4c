//! A tar file: POSIX ustar, as `pax` describes it. Regular files in one folder, readable by their owner alone.

const BLOCK: usize = 512;

/// Packs files. Names must be short ASCII: at most 100 bytes with the folder's.
pub(super) fn pack<'a>(folder: &str, at_s: i64, files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in files {
        out.extend_from_slice(&header(&format!("{folder}/{name}"), bytes.len(), at_s));
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    // Two blocks of zeroes are the end.
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

fn header(name: &str, size: usize, at_s: i64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut field = |at: usize, most: usize, text: &str| {
        let text = &text.as_bytes()[..text.len().min(most)];
        block[at..at + text.len()].copy_from_slice(text);
    };
    field(0, 100, name);
    field(100, 7, "0000600"); // mode
    field(108, 7, "0000000"); // owner: whoever unpacks it
    field(116, 7, "0000000"); // group
    field(124, 11, &format!("{size:011o}"));
    field(136, 11, &format!("{:011o}", at_s.max(0)));
    field(148, 8, "        "); // the sum counts itself as spaces
    field(156, 1, "0"); // a regular file
    field(257, 8, "ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn another_tar_unpacks_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.tar");
        let long = vec![b'x'; 1025];
        let files: [(&str, &[u8]); 3] = [("one", b"1\n"), ("none", b""), ("long", &long)];
        std::fs::write(&file, pack("box", 1_795_228_200, files.into_iter())).unwrap();
        assert!(Command::new("tar").arg("-xf").arg(&file).arg("-C").arg(dir.path()).status().unwrap().success());
        for (name, bytes) in files {
            assert_eq!(std::fs::read(dir.path().join("box").join(name)).unwrap(), bytes, "{name}");
        }
    }
}
