//! What a device sends while it has nothing to say.

use super::{
    session::{sent, welcome},
    *,
};

/// The pings of a device that says nothing, by the seconds since Welcome at which they are sent, while the server says
/// something every so many seconds.
fn pings(heartbeat_ms: u64, said_every: u64, until: u64) -> Vec<u64> {
    let (mut engine, mut store) = (Engine::new(now(), config()), MemoryStore::default());
    drain(&mut engine, &mut store);
    give(&mut engine, &mut store, Input::Token("token".into()));
    give(&mut engine, &mut store, Input::LinkOpened);
    let limits = Limits { heartbeat_ms, ..Limits::default() };
    receive(&mut engine, &mut store, &ServerFrame::Welcome(Box::new(Welcome { limits, ..welcome() })));
    receive(&mut engine, &mut store, &ServerFrame::CaughtUp(Cursor::new(1)));
    let mut sent_at = Vec::new();
    for second in 1..=until {
        let after = Duration::from_secs(second);
        let at = Now { monotonic: now().monotonic.plus(after), wall: now().wall.plus(after) };
        let mut inputs = vec![Input::TimerDue];
        inputs.extend(
            (second % said_every == 0).then(|| Input::FrameReceived(encode(&ServerFrame::CaughtUp(Cursor::new(1))))),
        );
        for input in inputs {
            engine.handle(at, input).unwrap();
            let outputs: Vec<Output> = core::iter::from_fn(|| engine.poll()).collect();
            assert!(!outputs.contains(&Output::Disconnect), "{second}: {outputs:?}");
            sent_at.extend(sent(&outputs).filter(|frame| matches!(frame, ClientFrame::Ping(_))).map(|_| second));
        }
    }
    sent_at
}

#[test]
fn s9_a_device_that_only_listens_says_that_it_is_there() {
    assert_eq!(pings(20_000, 7, 65), [20, 40, 60]);
}

#[test]
fn s9_a_device_is_as_talkative_as_its_server_asks() {
    assert_eq!(pings(5_000, 7, 16), [5, 10, 15]);
}
