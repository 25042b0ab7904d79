//! Frames from the server: decoded, and handed to the part that each is for.

use crate::{
    code::Code,
    engine::{Engine, link::connection::LinkState, streams::loading::Work},
    ids::StreamId,
    limits::Limits,
    wire::{Piece, ServerFrame, decode_frame},
};

/// Bytes of a frame from the server when inflated, and of all its pieces: an answer
/// has at most two documents, each with its snapshot or the changes after it.
const FRAME_BYTES_MAX: usize = Limits::WIDEST.frame_bytes_max as usize;

impl Engine {
    pub(in crate::engine) fn frame_received(&mut self, bytes: &[u8]) {
        if !self.link.is_linked() {
            return;
        }
        self.link.heard(&mut self.ctx);
        match decode_frame::<ServerFrame>(bytes, FRAME_BYTES_MAX) {
            Ok(frame) => self.handle_frame(frame),
            // A frame of a newer server is ignored.
            Err(crate::wire::DecodeFrameError::Unknown) => {}
            Err(_) => self.link_failed(Some(Code::FrameMalformed), None),
        }
    }

    fn handle_frame(&mut self, frame: ServerFrame) {
        let welcome = self.link.is_welcome();
        match frame {
            ServerFrame::Welcome(frame) if self.link.state == LinkState::Greeting => self.welcomed(*frame),
            ServerFrame::Closed(frame) => self.session_closed(&frame),
            ServerFrame::Pong(pong) => self.ctx.set_server_time(pong.server_time),
            // Nothing else is expected before Welcome.
            _ if !welcome => self.link_failed(Some(Code::FrameUnexpected), None),
            ServerFrame::Welcome(_) => {}
            ServerFrame::Summaries(summaries) => self.receive_summaries(summaries),
            ServerFrame::Profiles(profiles) => self.accounts.receive(&mut self.ctx, profiles),
            ServerFrame::Entries(frame) => self.route_entries(frame),
            ServerFrame::CaughtUp(cursor) => self.caught_up(cursor),
            ServerFrame::Accepted(frame) if self.membership_accepted(&frame) => {}
            ServerFrame::Accepted(frame) => {
                self.with_stream(&frame.stream.clone(), Work::Accepted(frame));
            }
            ServerFrame::Refused(frame)
                if self.membership_refused(&frame) || self.question_refused(&frame) || self.list_refused(&frame) => {}
            ServerFrame::Refused(frame) => {
                self.with_stream(&frame.stream.clone(), Work::Refused(frame));
            }
            ServerFrame::Fetched(frame) => {
                self.with_stream(&frame.stream.clone(), Work::Fetched(Box::new(frame)));
            }
            ServerFrame::Piece(piece) => self.receive_piece(piece),
            ServerFrame::Receipts(receipts) => self.route_receipts(receipts),
            ServerFrame::Presence(frame) => self.receive_presence(frame),
            ServerFrame::Present(frame) => self.receive_present(frame),
            ServerFrame::Subscribers(frame) => self.receive_subscribers(frame),
            ServerFrame::SubscriberCount(frame) => self.receive_subscriber_count(&frame),
            ServerFrame::HeldMessages(held) => self.receive_held(held),
            ServerFrame::ContactMatches(frame) => self.contacts_matched(frame),
            ServerFrame::Listed(frame) => self.receive_listed(frame),
            ServerFrame::Revoked(frame) => {
                let stream = StreamId::Conversation(frame.conversation);
                // Where nothing is held there is nothing to ask for either.
                if self.stream_heads.contains_key(&stream) || self.streams.contains_key(&stream) {
                    self.with_stream(&stream, Work::Revoked(frame));
                } else {
                    self.receive_revoked(&stream, &frame);
                }
            }
        }
    }

    /// Assembles a frame from pieces, none of which may contain a piece.
    fn receive_piece(&mut self, piece: Piece) {
        let pieces = &mut self.link.pieces;
        if pieces.len() + piece.bytes.len() > FRAME_BYTES_MAX {
            return self.link_failed(Some(Code::FrameTooLarge), None);
        }
        pieces.extend(piece.bytes);
        if !piece.last {
            return;
        }
        let bytes = core::mem::take(pieces);
        match decode_frame::<ServerFrame>(&bytes, FRAME_BYTES_MAX) {
            Ok(ServerFrame::Piece(_)) => self.link_failed(Some(Code::FrameMalformed), None),
            Ok(frame) => self.handle_frame(frame),
            Err(crate::wire::DecodeFrameError::Unknown) => {}
            Err(_) => self.link_failed(Some(Code::FrameMalformed), None),
        }
    }
}
