import EventBus
import FoundationEssentials
import Postgres
import Redis
import WebSockets

/// One frame for the screens of an organization, encoded once for all sockets.
struct LiveFrame: Sendable {
    let id: FrameID
    let kind: LiveStream.Kind
    let deviceID: UUID?
    let sensorType: String
    let frame: OutboundFrame
}

/// An entry of a live stream: what one batch, one change or one alert has to show.
struct LiveEntry: Sendable {
    let id: StreamID
    let frames: [LiveFrame]

    /// Encodes the frames of a stream's entry; one of a kind that is not known here has none.
    init(_ entry: StreamEntry) {
        id = entry.id
        guard let kind = entry["kind"].flatMap({ LiveStream.Kind(rawValue: String(decoding: $0, as: UTF8.self)) })
        else {
            frames = []
            return
        }
        let time = Timestamp(microseconds: Int64(entry.id.milliseconds) * 1000).rfc3339
        frames = LiveStream.decode(entry["frames"] ?? []).enumerated().map { index, frame in
            let id = FrameID(entry: entry.id, index: index)
            return LiveFrame(
                id: id, kind: kind, deviceID: frame.deviceID, sensorType: frame.sensorType,
                frame: OutboundFrame(utf8: Self.json(kind, id: id, time: time, data: frame.json)))
        }
    }

    private static func json(_ kind: LiveStream.Kind, id: FrameID, time: String, data: [UInt8]) -> [UInt8] {
        var json = Array(#"{"type":"\#(kind.rawValue)","id":"\#(id)","time":"\#(time)","data":"#.utf8)
        json.append(contentsOf: data)
        json.append(UInt8(ascii: "}"))
        return json
    }
}
