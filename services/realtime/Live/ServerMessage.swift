import Foundation
import Kernel
import WebSockets

/// What the server says beside the frames of the live stream.
enum ServerMessage {
    /// The live tail is in place: what is committed from now on arrives.
    static func hello(_ connection: UUID) -> OutboundFrame {
        OutboundFrame(text: #"{"type":"hello","connection_id":"\#(connection.text)"}"#)
    }

    static let subscribed = OutboundFrame(text: #"{"type":"subscribed"}"#)
    static let unsubscribed = OutboundFrame(text: #"{"type":"unsubscribed"}"#)
    static let pong = OutboundFrame(text: #"{"type":"pong"}"#)

    /// Frames were left out, so many; nil when nobody can tell how many.
    static func lagged(_ dropped: Int?) -> OutboundFrame {
        OutboundFrame(text: #"{"type":"lagged","dropped":\#(dropped.map(String.init) ?? "null")}"#)
    }

    /// - Parameter detail: one of our own sentences, which need no escaping.
    static func error(_ detail: String) -> OutboundFrame {
        OutboundFrame(text: #"{"type":"error","detail":"\#(detail)"}"#)
    }
}
