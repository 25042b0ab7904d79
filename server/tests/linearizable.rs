//! Callers over HTTP and over sockets race for one conversation on two nodes: there is one order, in which
//! each of them was answered as somebody would be who came alone.
//!
//! What they did is recorded, and checked by the algorithm of Wing and Gong, as described by Horn and
//! Kroening ("Faster linearizability checking via P-compositionality", 2015).

use std::sync::{Arc, Mutex};

use todc_utils::{
    Action::{self, Call, Response},
    History, Specification, WGLChecker,
};

/// Something that a caller asks, with its answer once there is one.
#[derive(Debug, Clone)]
enum Asked {
    /// A message: its text, and where it was put in the journal, or the code of the refusal.
    Send { text: String, by_bob: bool, answer: Option<Result<u64, String>> },
    /// Bob becomes a member, or is removed.
    Move { is_member: bool },
    /// The texts of all messages.
    Read { texts: Option<Vec<String>> },
}

/// The code of what is to be tried again.
const PUT_OFF: &str = "store_unavailable";

/// A conversation as somebody finds it who is alone with it. Bob begins as a member.
struct Alone;

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct State {
    is_bob_out: bool,
    position: u64,
    texts: Vec<String>,
}

impl Specification for Alone {
    type State = State;
    type Operation = Asked;

    fn init() -> State {
        State::default()
    }

    fn apply(asked: &Asked, state: &State) -> (bool, State) {
        let mut next = state.clone();
        let is_right = match asked {
            Asked::Send { text, by_bob, answer: Some(Ok(position)) } => {
                next.position = *position;
                next.texts.push(text.clone());
                *position > state.position && !(*by_bob && state.is_bob_out)
            }
            // It was put off, as others always wrote first: nothing of it is there.
            Asked::Send { answer: Some(Err(code)), .. } if code == PUT_OFF => true,
            Asked::Send { by_bob, answer: Some(Err(code)), .. } => {
                *by_bob && state.is_bob_out && code == "member_removed"
            }
            Asked::Move { is_member } => {
                next.is_bob_out = !is_member;
                state.is_bob_out == *is_member
            }
            Asked::Read { texts: Some(texts) } => *texts == state.texts,
            Asked::Send { answer: None, .. } | Asked::Read { texts: None } => false,
        };
        (is_right, next)
    }
}

/// What was asked and answered, in the order of time; each caller has a number.
type Actions = Vec<(usize, Action<Asked>)>;

#[derive(Clone, Default)]
struct Record(Arc<Mutex<Actions>>);

impl Record {
    fn add(&self, caller: usize, action: Action<Asked>) {
        self.0.lock().unwrap().push((caller, action));
    }

    fn actions(&self) -> Actions {
        self.0.lock().unwrap().clone()
    }
}

fn is_linearizable(actions: Actions) -> bool {
    WGLChecker::<Alone>::is_linearizable(History::from_actions(actions))
}

/// The checker sees what would be wrong.
#[test]
fn t30_a_read_that_lacks_what_was_answered_before_it_fits_no_order() {
    let sent = |text: &str, position| Asked::Send {
        text: text.to_owned(),
        by_bob: true,
        answer: Some(Ok::<u64, String>(position)),
    };
    let read = |texts: &[&str]| Asked::Read { texts: Some(texts.iter().map(|&text| text.to_owned()).collect()) };
    let one_by_one = |asked: &[Asked]| {
        asked.iter().flat_map(|asked| [(0, Call(asked.clone())), (0, Response(asked.clone()))]).collect()
    };
    assert!(is_linearizable(one_by_one(&[sent("a", 2), read(&["a"])])));
    assert!(!is_linearizable(one_by_one(&[sent("a", 2), read(&[])])), "it reads too little");
    assert!(!is_linearizable(one_by_one(&[sent("a", 3), sent("b", 2)])), "it is put before an earlier one");
    let removed = Asked::Move { is_member: false };
    assert!(!is_linearizable(one_by_one(&[removed, sent("a", 4)])), "a removed member writes");
    let put_off = Asked::Send { text: "a".to_owned(), by_bob: false, answer: Some(Err(PUT_OFF.to_owned())) };
    assert!(is_linearizable(one_by_one(&[put_off.clone(), read(&[])])));
    assert!(!is_linearizable(one_by_one(&[put_off, read(&["a"])])), "what was put off is there");
}

mod postgres {
    use serde_json::{Value, json};
    use tidings_core::{
        journal::Position,
        wire::{FetchScope, ServerFrame},
    };

    use super::{Action, Asked, Call, PUT_OFF, Record, Response, is_linearizable};
    use crate::support::{
        author::{Author, boats, group},
        client::{Client, device, stream},
        database::Database,
        rest::Caller,
        server::TestServer,
    };

    /// Messages of each of the four who send.
    const SENT: usize = 15;
    /// How often Bob is removed, and added again.
    const MOVES: usize = 6;
    /// Reads of each of the two who read. All messages are on one page of the answer.
    const READS: usize = 12;

    fn messages() -> String {
        format!("/v1/conversations/{}/messages", boats())
    }

    /// Sends over HTTP.
    async fn send(caller: Caller, number: usize, name: &str, record: Record) {
        for index in 0..SENT {
            let (text, by_bob) = (format!("{name} over HTTP {index}"), name == "bob");
            record.add(number, Call(Asked::Send { text: text.clone(), by_bob, answer: None }));
            let answered = caller.post(&messages(), json!({ "content": text })).await;
            let answer = match answered.status {
                201 => Ok(answered.body["position"].as_u64().unwrap()),
                _ => Err(answered.code().to_owned()),
            };
            record.add(number, Response(Asked::Send { text, by_bob, answer: Some(answer) }));
        }
    }

    /// Sends over a socket, on top of what its device was told when it began.
    async fn push(mut client: Client, mut author: Author, number: usize, record: Record) {
        let (name, stream) = (author.session.account.to_string(), stream(boats()));
        for index in 0..SENT {
            let (text, by_bob) = (format!("{name} over a socket {index}"), name == "bob");
            let admitted = author.clone();
            let change = author.say(&text);
            record.add(number, Call(Asked::Send { text: text.clone(), by_bob, answer: None }));
            let request = client.push(&stream, vec![change]).await;
            let answer = client.wait("an answer", |frame| match frame {
                ServerFrame::Accepted(accepted) if accepted.request == request => {
                    Some(Ok(accepted.positions[0].number()))
                }
                ServerFrame::Refused(refused) if refused.request == request => Some(Err(refused.code.to_string())),
                _ => None,
            });
            let answer = answer.await;
            if answer.is_err() {
                author = admitted;
            }
            record.add(number, Response(Asked::Send { text, by_bob, answer: Some(answer) }));
        }
    }

    async fn move_bob(ann: Caller, number: usize, record: Record) {
        let members = format!("/v1/conversations/{}/members", boats());
        for is_member in [false, true].into_iter().cycle().take(2 * MOVES) {
            record.add(number, Call(Asked::Move { is_member }));
            match is_member {
                true => ann.post(&members, json!({ "account": "bob" })).await.is(200),
                false => ann.delete(&format!("{members}/bob")).await.is(200),
            };
            record.add(number, Response(Asked::Move { is_member }));
        }
    }

    async fn read(caller: Caller, number: usize, record: Record) {
        for _ in 0..READS {
            record.add(number, Call(Asked::Read { texts: None }));
            let answered = caller.get(&format!("{}?limit=100", messages())).await.is(200);
            let text = |message: &Value| message["content"]["text"].as_str().unwrap().to_owned();
            let texts = answered["messages"].as_array().unwrap().iter().map(text).collect();
            record.add(number, Response(Asked::Read { texts: Some(texts) }));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn t30_callers_over_http_and_sockets_on_two_nodes_see_one_order_and_one_verdict() {
        let database = Database::postgres().await;
        let (one, other) = (TestServer::start(&database, &[]).await, TestServer::start(&database, &[]).await);
        let _ann = group(&one, &["bob", "cat"]).await;
        let record = Record::default();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(send(Caller::of(one.address, "cat"), 0, "cat", record.clone()));
        tasks.spawn(send(Caller::of(other.address, "bob"), 1, "bob", record.clone()));
        for (number, name, server) in [(2, "cat", &other), (3, "bob", &one)] {
            let device = device(u8::try_from(number).unwrap());
            let mut follower = Author::of(name, device, boats());
            let mut client = Client::connect(server, name, device).await;
            let fetched = client.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap();
            follower.apply(&fetched.entries);
            tasks.spawn(push(client, follower, number, record.clone()));
        }
        tasks.spawn(move_bob(Caller::of(other.address, "ann"), 4, record.clone()));
        tasks.spawn(read(Caller::of(one.address, "ann"), 5, record.clone()));
        tasks.spawn(read(Caller::of(other.address, "cat"), 6, record.clone()));
        tasks.join_all().await;
        let actions = record.actions();
        let refused = |code: &str| {
            let is_so = |action: &Action<Asked>| matches!(action, Response(Asked::Send { answer: Some(Err(of)), .. }) if of == code);
            actions.iter().filter(|(_, action)| is_so(action)).count()
        };
        assert!(refused("member_removed") > 0, "nothing met a removal: {actions:?}");
        assert!(refused(PUT_OFF) < SENT, "most is put where it belongs: {actions:?}");
        assert!(is_linearizable(actions.clone()), "no order fits: {actions:#?}");
        one.stop().await;
        other.stop().await;
    }
}
