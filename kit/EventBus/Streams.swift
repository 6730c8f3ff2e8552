import Foundation
import Kernel
import Postgres
import Redis

/// The names of the streams and channels in Redis.
public enum StreamName {
    /// Everything that a service tells.
    public static func events(_ source: Service) -> String { "lms:events:\(source)" }

    /// Where entries go that could not be applied.
    public static func dead(_ stream: String) -> String { "\(stream):dead" }

    /// How many streams the telemetry is spread over.
    public static let telemetryPartitions = 16

    /// One partition of the telemetry.
    public static func telemetry(_ partition: Int) -> String { "lms:readings:\(partition)" }

    /// The partition of a device: its id modulo the number of partitions.
    public static func telemetryPartition(of device: UUID) -> Int {
        Int(device.uuid.15) % telemetryPartitions
    }

    /// What an organization's screens are shown.
    public static func live(_ organization: UUID) -> String { "lms:live:\(organization.text)" }

    /// Exists while somebody watches the organization, or did within ten minutes.
    public static func watch(_ organization: UUID) -> String { "lms:watch:\(organization.text)" }
}

extension StreamID {
    /// The first id that an entry of this time could have: what trimming by age cuts before.
    public init(time: Timestamp) {
        self.init(milliseconds: UInt64(max(0, time.microseconds / 1000)))
    }
}
