use super::*;
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(30);

fn running() -> (watch::Sender<bool>, Stop) {
    watch::channel(false)
}

/// A shell script with `$D` as a folder to write in.
fn sh(folder: &TempDir, script: &str) -> Vec<String> {
    let script = format!("D={}; {script}", folder.path().display());
    ["sh", "-c", &script].map(str::to_owned).to_vec()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

/// A limit that is reached when `happened` has.
async fn after(happened: impl Future<Output = ()>) -> u64 {
    happened.await;
    30
}

fn pid(file: &Path) -> Option<i32> {
    std::fs::read_to_string(file).ok()?.strip_suffix('\n')?.parse().ok()
}

/// Neither running nor a zombie.
fn gone(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.is_empty()
}

/// Not running; an orphan may wait for init to reap it.
fn dead(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.is_empty() || stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z"))
}

/// Ignores SIGTERM, starts a grandchild that ignores it too, and both stay.
const STUBBORN: &str = "trap '' TERM; (trap '' TERM; sh -c 'echo $PPID' > $D/g; while :; do sleep 1; done) & echo $$ > $D/p; while :; do sleep 1; done";

#[tokio::test]
async fn the_input_arrives_to_the_byte() {
    let folder = TempDir::new().unwrap();
    let (_go, stop) = running();
    let input = "Đã nhận hai mươi lăm nghìn đồng\n";
    run(&sh(&folder, "cat > $D/said"), input.as_bytes(), LONG, stop).await.unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("said")).unwrap(), input);
}

#[tokio::test]
async fn past_the_limit_the_whole_group_is_killed_even_where_it_ignores_sigterm() {
    let folder = TempDir::new().unwrap();
    let (_go, stop) = running();
    let (leader, grandchild) = (folder.path().join("p"), folder.path().join("g"));
    let both = until("both run", || pid(&leader).is_some() && pid(&grandchild).is_some());
    let error = run_until(&sh(&folder, STUBBORN), b"", after(both), stop).await.unwrap_err();
    assert!(matches!(error, SpeakError::Hung(..)), "{error}");
    assert!(gone(pid(&leader).unwrap()), "the leader is reaped");
    let grandchild = pid(&grandchild).unwrap();
    until("the grandchild is dead", || dead(grandchild)).await;
}

#[tokio::test]
async fn sigterm_comes_first_so_that_a_player_can_close_its_device_and_say_why() {
    let folder = TempDir::new().unwrap();
    let (_go, stop) = running();
    let script = "trap 'echo bye >&2; echo > $D/closed; exit 0' TERM; echo > $D/up; while :; do sleep 0.05; done";
    let (up, closed) = (folder.path().join("up"), folder.path().join("closed"));
    let error = run_until(&sh(&folder, script), b"", after(until("it runs", || up.exists())), stop).await.unwrap_err();
    assert!(matches!(error, SpeakError::Hung(..)) && error.to_string().ends_with("bye"), "{error}");
    assert!(closed.exists());
}

#[tokio::test]
async fn a_program_that_never_reads_a_large_input_is_stopped_at_the_limit() {
    let folder = TempDir::new().unwrap();
    let (_go, stop) = running();
    let limit = Duration::from_millis(300);
    let error = run(&sh(&folder, "exec sleep 60"), &vec![b'a'; 4 << 20], limit, stop).await.unwrap_err();
    assert_eq!(error.to_string(), "sh did not end within 0 s and was stopped");
}

#[tokio::test]
async fn a_program_that_ends_well_without_reading_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let (_go, stop) = running();
    run(&sh(&folder, "exit 0"), &vec![b'a'; 4 << 20], LONG, stop).await.unwrap();
}

#[tokio::test]
async fn an_exit_code_is_reported_with_the_end_of_stderr_in_one_line() {
    let folder = TempDir::new().unwrap();
    let (_go, stop) = running();
    let script = "i=0; while [ $i -lt 3000 ]; do echo noise; i=$((i+1)); done >&2; printf 'ALSA:\\n cannot\\topen\\033 card\\n' >&2; exit 3";
    let error = run(&sh(&folder, script), b"x\n", LONG, stop).await.unwrap_err().to_string();
    assert!(
        error.starts_with("sh failed (exit code 3): ") && error.ends_with("noise ALSA: cannot open card"),
        "{error}"
    );
    assert!(error.len() <= 330, "{error}");
}

#[tokio::test]
async fn what_a_program_that_ends_well_writes_on_stderr_is_kept_too() {
    let folder = TempDir::new().unwrap();
    let (_go, stop) = running();
    let words = run(&sh(&folder, "echo 'cannot find card' >&2"), b"x\n", LONG, stop.clone()).await.unwrap();
    assert_eq!(words.as_deref(), Some("cannot find card"));
    assert_eq!(run(&sh(&folder, "cat"), b"x\n", LONG, stop).await.unwrap(), None);
}

#[tokio::test]
async fn a_death_by_signal_is_reported() {
    let folder = TempDir::new().unwrap();
    let (_go, stop) = running();
    let error = run(&sh(&folder, "kill -SEGV $$"), b"", LONG, stop).await.unwrap_err();
    assert_eq!(error.to_string(), "sh failed (signal 11)");
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let (_go, stop) = running();
    let error = run(&["espeak-nothing".to_owned()], b"", LONG, stop).await.unwrap_err();
    assert_eq!(error.to_string(), "espeak-nothing was not found: install it, or name another program in [voice]");
    let (_go, stop) = running();
    assert!(matches!(run(&[], b"", LONG, stop).await, Err(SpeakError::NotFound(_))));
}

#[tokio::test]
async fn a_program_that_may_not_be_run_is_not_called_missing() {
    let (_go, stop) = running();
    let error = run(&["/".to_owned()], b"", LONG, stop).await.unwrap_err();
    assert!(matches!(error, SpeakError::Start(..)), "{error}");
}

#[tokio::test]
async fn something_left_behind_that_holds_the_pipes_does_not_hold_up_the_next_sentence() {
    let folder = TempDir::new().unwrap();
    let (_go, stop) = running();
    let began = Instant::now();
    let error = run(&sh(&folder, "sleep 5 & echo oops >&2; exit 1"), b"", LONG, stop).await.unwrap_err();
    assert_eq!(error.to_string(), "sh failed (exit code 1): oops");
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_sentence_that_ends_soon_after_a_stop_is_finished() {
    let folder = TempDir::new().unwrap();
    let (go, stop) = running();
    let command = sh(&folder, "cat > $D/begun; while [ ! -e $D/end ]; do sleep 0.01; done; echo > $D/finished");
    let speaking = tokio::spawn(async move { run(&command, b"x", LONG, stop).await });
    until("it speaks", || folder.path().join("begun").exists()).await;
    go.send(true).unwrap();
    std::fs::write(folder.path().join("end"), "").unwrap();
    speaking.await.unwrap().unwrap();
    assert!(folder.path().join("finished").exists());
}

#[tokio::test]
async fn a_sentence_that_does_not_end_is_stopped_within_two_seconds_of_a_stop() {
    let folder = TempDir::new().unwrap();
    let (go, stop) = running();
    let command = sh(&folder, STUBBORN);
    let speaking = tokio::spawn(async move { run(&command, b"x", LONG, stop).await });
    let (leader, grandchild) = (folder.path().join("p"), folder.path().join("g"));
    until("it speaks", || pid(&leader).is_some() && pid(&grandchild).is_some()).await;
    let began = Instant::now();
    go.send(true).unwrap();
    assert!(matches!(speaking.await.unwrap(), Err(SpeakError::Stopped)));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(gone(pid(&leader).unwrap()));
    let grandchild = pid(&grandchild).unwrap();
    until("the grandchild is dead", || dead(grandchild)).await;
}

#[tokio::test]
async fn a_dropped_sentence_kills_its_group_and_leaves_no_zombie() {
    let folder = TempDir::new().unwrap();
    let (_go, stop) = running();
    let command = sh(&folder, STUBBORN);
    let speaking = tokio::spawn(async move { run(&command, b"x", LONG, stop).await });
    let (leader, grandchild) = (folder.path().join("p"), folder.path().join("g"));
    until("it speaks", || pid(&leader).is_some() && pid(&grandchild).is_some()).await;
    speaking.abort();
    let (leader, grandchild) = (pid(&leader).unwrap(), pid(&grandchild).unwrap());
    until("both are dead", || dead(leader) && dead(grandchild)).await;
    until("the leader is reaped", || gone(leader)).await;
}
