import FoundationEssentials
import Kernel
import Redis

/// What an organization's screens are shown: readings, changes of device status, alerts.
///
/// An entry costs nothing where nobody watches: a script appends it only while the organization's watch key exists.
public enum LiveStream {
    public enum Kind: String, Sendable {
        case reading
        case deviceStatus = "device_status"
        case alert
    }

    /// One thing to show: whose it is, and its `data` as JSON.
    public struct Frame: Sendable {
        public let deviceID: UUID?
        public let sensorType: String
        public let json: [UInt8]

        public init(deviceID: UUID?, sensorType: String = "", json: [UInt8]) {
            self.deviceID = deviceID
            self.sensorType = sensorType
            self.json = json
        }
    }

    /// How long an entry can be replayed.
    public static let retention = Duration.seconds(600)
    private static let maximumEntries = 50_000

    private static let append = RedisScript(
        """
        if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
        redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', 'kind', ARGV[2], 'frames', ARGV[3])
        redis.call('PEXPIRE', KEYS[2], ARGV[4])
        return 1
        """)

    /// The command that appends `frames` as one entry of the organization's stream, if somebody watches.
    public static func publish(_ kind: Kind, _ frames: [Frame], to organization: UUID) -> RedisCommand {
        .eval(
            append, keys: [StreamName.watch(organization), StreamName.live(organization)],
            arguments: [maximumEntries, kind.rawValue, encode(frames), Int(retention.components.seconds) * 1000])
    }

    /// A line a frame: the device's id or `-`, a tab, the sensor type, a tab, the JSON. None of them holds a line feed.
    static func encode(_ frames: [Frame]) -> [UInt8] {
        var bytes: [UInt8] = []
        for frame in frames {
            bytes += Array((frame.deviceID?.text ?? "-").utf8)
            bytes.append(UInt8(ascii: "\t"))
            bytes += Array(frame.sensorType.utf8)
            bytes.append(UInt8(ascii: "\t"))
            bytes += frame.json
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// The frames of an entry; a malformed line is left out.
    public static func decode(_ bytes: [UInt8]) -> [Frame] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let parts = line.split(separator: UInt8(ascii: "\t"), maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            return Frame(
                deviceID: UUID(uuidString: String(decoding: parts[0], as: UTF8.self)),
                sensorType: String(decoding: parts[1], as: UTF8.self), json: Array(parts[2]))
        }
    }
}
