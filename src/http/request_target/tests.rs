//! The laws of the rewriting: only targets change, whatever is sent and however it is cut into reads; framing
//! agrees with actix's own parser.

use std::ops::Range;

use actix_codec::Decoder;
use actix_http::h1::{Codec, Message, MessageType};
use actix_web::http::Uri;
use bytes::BytesMut;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

use super::RequestTargets;

/// Feeds the input in pieces that end at the given places.
fn fed(input: &[u8], cuts: &[Index]) -> Vec<u8> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
    ends.push(input.len());
    ends.sort_unstable();
    let (mut targets, mut output, mut start) = (RequestTargets::default(), Vec::new(), 0);
    for end in ends {
        let piece = &input[start..end];
        let changed = targets.feed(piece);
        output.extend_from_slice(changed.as_deref().unwrap_or(piece));
        start = end;
    }
    output
}

fn whole(input: &[u8]) -> Vec<u8> {
    fed(input, &[])
}

fn text(input: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(&whole(input.as_ref())).into_owned()
}

/// What the parser behind it makes of a target.
fn is_accepted(target: &[u8]) -> bool {
    Uri::try_from(target).is_ok()
}

#[test]
fn targets_are_taken_as_curl_sends_them() {
    assert_eq!(
        text("GET /people?select=id,data->>\"a b\" HTTP/1.1\r\nHost: x\r\n\r\n"),
        "GET /people?select=id,data-%3E%3E%22a b\" HTTP/1.1\r\nHost: x\r\n\r\n",
        "a space ends the target"
    );
    assert_eq!(
        text("GET /用户?姓=eq.é HTTP/1.1\r\nHost: x>é\r\n\r\n"),
        "GET /%E7%94%A8%E6%88%B7?%E5%A7%93=eq.%C3%A9 HTTP/1.1\r\nHost: x>é\r\n\r\n"
    );
}

#[test]
fn exactly_the_refused_bytes_are_encoded() {
    for byte in (b'!'..=0xff).filter(|byte| *byte != 0x7f) {
        for before in ["/a", "/a?b=c"] {
            let target = [before.as_bytes(), &[byte], b"d"].concat();
            let line = [b"GET ", &*target, b" HTTP/1.1\r\n"].concat();
            let output = whole(&line);
            let after = &output[4..output.len() - 11];
            assert!(is_accepted(after), "{byte:x} after {before}");
            if is_accepted(&target) {
                assert_eq!(after, target, "{byte:x} after {before}");
            } else {
                let encoded = format!("{before}%{byte:02X}d");
                assert_eq!(after, encoded.as_bytes());
            }
        }
    }
}

#[test]
fn nothing_is_copied_when_nothing_changes() {
    let mut targets = RequestTargets::default();
    let request = b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n/>/>/";
    assert_eq!(targets.feed(request), None);
    assert_eq!(targets.feed(&request[..7]), None);
    assert_eq!(targets.feed(&request[7..]), None);
}

#[test]
fn a_body_is_no_request() {
    let body = "GET /x>y HTTP/1.1\r\n\r\n";
    let sized = format!(
        "POST /a HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let chunked = format!(
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    for request in [sized, chunked] {
        let twice = format!("{request}\r\n{request}GET /> HTTP/1.1\r\n\r\n");
        assert_eq!(text(&twice), twice.replace("/> ", "/%3E "));
    }
}

#[test]
fn what_is_not_clear_is_left_alone() {
    let next = "GET />?> HTTP/1.1\r\n\r\n";
    for head in [
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: +0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 0x0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length : 0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0;a=b\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0 \r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\n\r\n",
        "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /  HTTP/1.1\r\n\r\n",
        "GET /\r\n",
        "\u{16}\u{3}\u{1}",
    ] {
        let connection = format!("{head}{next}");
        assert_eq!(text(&connection), connection);
    }
}

#[test]
fn an_endless_head_is_not_kept() {
    let mut targets = RequestTargets::default();
    assert_eq!(targets.feed(b"GET / HTTP/1.1\r\n"), None);
    for _ in 0..200 {
        assert_eq!(targets.feed(&[b'a'; 1024]), None);
    }
    assert!(matches!(targets.place, super::Place::Unclear));
}

/// A message with its target apart, before and after encoding.
#[derive(Debug, Clone)]
struct Sent {
    raw: Vec<u8>,
    encoded: Vec<u8>,
}

prop_compose! {
    fn target()(
        path in prop::collection::vec(target_byte(), 0..20),
        query in prop::option::of(prop::collection::vec(target_byte(), 0..20)),
    ) -> (Vec<u8>, Vec<u8>) {
        let encode = |bytes: &[u8], refused: &[u8]| -> Vec<u8> {
            bytes
                .iter()
                .flat_map(|byte| match byte {
                    128.. => format!("%{byte:02X}").into_bytes(),
                    byte if refused.contains(byte) => format!("%{byte:02X}").into_bytes(),
                    byte => vec![*byte],
                })
                .collect()
        };
        let path: Vec<u8> = path.into_iter().filter(|byte| *byte != b'?').collect();
        let mut raw = [b"/", &*path].concat();
        let mut encoded = [b"/", &*encode(&path, b"<>`")].concat();
        if let Some(query) = query {
            raw.extend([b"?", &*query].concat());
            encoded.extend([b"?", &*encode(&query, b"<>\"")].concat());
        }
        (raw, encoded)
    }
}

fn target_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => b'a'..=b'z',
        2 => select(b"<>\"`{}|\\^%?&=/".to_vec()),
        2 => 0x80..=0xff_u8,
        1 => b'!'..=b'~',
    ]
}

/// Bytes that look like requests, and any others.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"GET /x>y HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        Just(b"\r\n0\r\n\r\nGET /?> HTTP/1.1\r\n\r\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..200),
    ]
}

/// Fields that say how the body ends, and the body.
fn framed() -> impl Strategy<Value = Vec<u8>> {
    let sized = body().prop_map(|body| {
        let head = format!("content-LENGTH: {}\r\n\r\n", body.len());
        [head.as_bytes(), &body].concat()
    });
    let chunked = prop::collection::vec(body(), 0..4).prop_map(|chunks| {
        let mut bytes = b"Transfer-Encoding: Chunked\r\n\r\n".to_vec();
        for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
            bytes.extend(format!("{:X}\r\n", chunk.len()).into_bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
        bytes
    });
    prop_oneof![Just(b"\r\n".to_vec()), sized, chunked]
}

prop_compose! {
    fn sent()(
        (raw, encoded) in target(),
        empty_lines in 0..3_usize,
        method in "GET|POST|PATCH",
        field in "[a-z]{1,5}",
        value in "[ -~é]{0,20}",
        framed in framed(),
    ) -> Sent {
        let before = format!("{}{method} ", "\r\n".repeat(empty_lines));
        let after = format!(" HTTP/1.1\r\nHost: x\r\nx-{field}: {value}\r\nExpect: 100-continue\r\n");
        let message = |target: &[u8]| [before.as_bytes(), target, after.as_bytes(), &framed].concat();
        Sent { raw: message(&raw), encoded: message(&encoded) }
    }
}

const LINES: &[&[u8]] = &[
    b"GET /x>y?a->b HTTP/1.1\r\nHost: x\r\n",
    b"POST /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\n",
    b"POST /> HTTP/1.0\r\n",
    b"CONNECT /> HTTP/1.1\r\nHost: x\r\n",
    b"GET  /> HTTP/1.1\r\n",
];
const FIELDS: &[&[u8]] = &[
    b"Content-Length: 0\r\n",
    b"Content-Length: 7\r\n",
    b"Content-Length: 30\r\n",
    b"Content-Length: +7\r\n",
    b"Content-Length:\t7 \r\n",
    b"content-length: 007\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding:  CHUNKED \r\n",
    b"Transfer-Encoding: identity\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding\r\n",
    b"Upgrade: websocket\r\n",
    b"Upgrade: h2c\r\nConnection: upgrade\r\n",
    b"Connection: close\r\n",
    b"Expect: 100-continue\r\n",
    b" folded: 7\r\n",
    b"X: \xff\r\n",
    b"X: y\n",
];
const PLAIN: &[&[u8]] = &[
    b"Content-Length: 7\r\n",
    b"Content-Length: 30\r\n",
    b"Transfer-Encoding: chunked\r\n",
];
const BODIES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"0\r\n",
    b"0\r\n\r\n",
    b"5\r\nGET /\r\n",
    b"13\r\nGET />> HTTP/1.1\r\n\r\n\r\n",
    b"00000000000000000000007\r\n",
    b"7;a=\">\"\r\n",
    b"7 ;a=/> b\r\n",
    b"7\r\n",
    b"7\n",
    b"GET /> ",
    b"GET /> HTTP/1.1\r\n",
    b">>>>>>>",
    b"\xe2\x82\xac",
];

/// Pieces of HTTP, mostly in the order of messages.
fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let piece = |known| select(known).prop_map(<[u8]>::to_vec);
    let any_piece = || {
        prop_oneof![
            piece(LINES),
            piece(FIELDS),
            piece(BODIES),
            prop::collection::vec(any::<u8>(), 0..20)
        ]
    };
    let message = (
        piece(LINES),
        prop::option::weighted(0.7, piece(PLAIN)),
        prop::collection::vec(piece(FIELDS), 0..2),
        prop::option::weighted(0.05, any_piece()),
        prop::collection::vec(piece(BODIES), 0..4),
        prop::option::weighted(0.1, any_piece()),
    );
    let message = message.prop_map(|(line, plain, fields, noise, bodies, more)| {
        let (plain, fields, bodies) = (plain.unwrap_or_default(), fields.concat(), bodies.concat());
        let (noise, more) = (noise.unwrap_or_default(), more.unwrap_or_default());
        [line, plain, fields, noise, b"\r\n".to_vec(), bodies, more].concat()
    });
    prop::collection::vec(message, 0..5).prop_map(|messages| messages.concat())
}

/// The places of the output where something was encoded. Fails when anything else changed.
fn encoded_at(input: &[u8], output: &[u8]) -> Vec<usize> {
    let (mut places, mut at) = (Vec::new(), 0);
    for &byte in input {
        if output.get(at) == Some(&byte) {
            at += 1;
            continue;
        }
        assert!(
            matches!(byte, b'"' | b'<' | b'>' | b'`' | 128..),
            "{byte:x}"
        );
        let encoded = format!("%{byte:02X}");
        assert_eq!(output.get(at..at + 3), Some(encoded.as_bytes()));
        places.push(at);
        at += 3;
    }
    assert_eq!(at, output.len());
    places
}

/// Where actix finds request lines; the last one may be without an end.
fn request_lines(output: &[u8]) -> Vec<Range<usize>> {
    let line_at = |start: usize| {
        let blank = output[start..]
            .iter()
            .take_while(|byte| b"\r\n".contains(byte));
        let start = start + blank.count();
        let length = output[start..].iter().position(|byte| *byte == b'\n');
        start..length.map_or(output.len(), |length| start + length)
    };
    let (mut codec, mut buffer) = (Codec::default(), BytesMut::from(output));
    let mut lines = Vec::new();
    loop {
        let at = output.len() - buffer.len();
        match codec.decode(&mut buffer) {
            Ok(Some(Message::Item(_))) => lines.push(line_at(at)),
            Ok(Some(Message::Chunk(_))) => {}
            Ok(None) if codec.message_type() == MessageType::None => {
                lines.push(line_at(at));
                return lines;
            }
            Ok(None) => return lines,
            // actix answers 400 and reads no more.
            Err(_) => {
                lines.push(at..output.len());
                return lines;
            }
        }
    }
}

proptest! {
    #[test]
    fn targets_are_encoded_and_nothing_else(
        messages in prop::collection::vec(sent(), 1..5),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let raw: Vec<u8> = messages.iter().flat_map(|sent| sent.raw.clone()).collect();
        let encoded: Vec<u8> = messages.iter().flat_map(|sent| sent.encoded.clone()).collect();
        let output = fed(&raw, &cuts);
        prop_assert_eq!(
            String::from_utf8_lossy(&output),
            String::from_utf8_lossy(&encoded)
        );
        prop_assert_eq!(whole(&encoded), encoded, "nothing is encoded twice");
    }

    #[test]
    fn it_does_not_matter_how_bytes_arrive(
        input in prop_oneof![prop::collection::vec(any::<u8>(), 0..300), fragments()],
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let output = whole(&input);
        prop_assert_eq!(fed(&input, &cuts), &*output);
        encoded_at(&input, &output);
    }
}

#[test]
fn only_what_actix_reads_as_a_request_line_is_changed() {
    actix_web::rt::System::new().block_on(async {
        let default = ProptestConfig::default();
        let mut runner = TestRunner::new(ProptestConfig {
            cases: default.cases * 4,
            ..default
        });
        let checked = runner.run(&fragments(), |input| {
            let output = whole(&input);
            let lines = request_lines(&output);
            for place in encoded_at(&input, &output) {
                prop_assert!(
                    lines.iter().any(|line| line.contains(&place)),
                    "{place} in {}",
                    String::from_utf8_lossy(&output)
                );
            }
            Ok(())
        });
        checked.expect("the law");
    });
}
