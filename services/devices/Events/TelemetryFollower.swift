import EventBus
import Kernel
import Logging
import Postgres
import Reactor
import Redis
import ServiceKit
import ServiceLifecycle

/// Takes readings for signs of life: follows the telemetry for the devices that each entry names.
///
/// The instances share the entries as one consumer group; what one of them loses the device's next reading makes good.
struct TelemetryFollower: ServiceLifecycle.Service, CustomStringConvertible {
    private static let streams = (0..<StreamName.telemetryPartitions).map(StreamName.telemetry)
    private static let group = Kernel.Service.devices.rawValue
    private static let entriesPerRead = 100
    /// The pause between reads in which signs gather.
    private static let pace = Duration.milliseconds(250)

    let liveness: LivenessWriter
    let redis: RedisClient
    let logger: Logger

    var description: String { "telemetry" }

    func run() async throws {
        await persistently(orSay: "the telemetry cannot be followed; trying again", to: logger) { backoff in
            try await redis.withConnection { connection in
                for stream in Self.streams {
                    try await connection.xgroupCreate(stream, group: Self.group, from: .end)
                }
                backoff.reset()
                var pace = ReadPace(Self.pace)
                while !Task.isCancelled {
                    try await pace.wait()
                    pace.hasRead(try await read(connection), ofAtMost: Self.entriesPerRead)
                }
            }
        }
    }

    /// Takes what has come; returns the most entries that a stream had.
    private func read(_ connection: RedisConnection) async throws -> Int {
        let batches = try await connection.xreadgroup(
            Self.streams.map { ($0, .undelivered) }, group: Self.group, consumer: Self.group,
            count: Self.entriesPerRead, block: .seconds(10), keepsPending: false)
        for entry in batches.flatMap(\.entries) {
            do {
                liveness.note(try Self.signs(in: entry))
            } catch {
                logger.error("telemetry cannot be read", metadata: ["entry": "\(entry.id)", "error": "\(error)"])
            }
        }
        return batches.map(\.entries.count).max() ?? 0
    }

    /// The devices of a batch were heard when it was added to the stream, whatever the times of its readings.
    static func signs(in entry: StreamEntry) throws -> [SignOfLife] {
        let time = Timestamp(microseconds: Int64(clamping: entry.id.milliseconds) * 1000)
        return try entry.telemetry.devices.map { SignOfLife(deviceID: $0, time: time) }
    }
}
