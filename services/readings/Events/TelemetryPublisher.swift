import EventBus
import FoundationEssentials
import Kernel
import Redis

/// Tells the other services what was stored: the readings on the partition streams, and billing how many they were.
struct TelemetryPublisher: Sendable {
    private let redis: RedisClient
    private let telemetryTrimmer: StreamTrimmer
    private let usageTrimmer: StreamTrimmer

    init(redis: RedisClient) {
        self.redis = redis
        telemetryTrimmer = StreamTrimmer(redis: redis, retention: .readings)
        usageTrimmer = StreamTrimmer(redis: redis, retention: .events)
    }

    /// Publishes batches together, an entry for each partition that any of them has readings of.
    ///
    /// - Throws: `RedisError`, `EncodingError`; then some of it may have been published.
    func send(_ batches: [StoredBatch]) async throws {
        var commands: [RedisCommand] = []
        // The usage goes first: if anything fails all is sent again, and billing knows batches by their id.
        let counted = batches.filter { !$0.readings.isEmpty }
        if let first = counted.first { commands.append(try await usage(of: counted, first)) }
        for (partition, entry) in Self.entries(for: batches) {
            let stream = StreamName.telemetry(partition)
            commands.append(.xadd(stream, entry, trim: try await telemetryTrimmer.trim(of: stream)))
        }
        guard !commands.isEmpty else { return }
        for case .error(let prefix, let message) in try await redis.pipeline(commands) {
            throw RedisError.server(prefix: prefix, message: message)
        }
    }

    static func entries(for batches: [StoredBatch]) -> [(partition: Int, entry: TelemetryEntry)] {
        var entries = [TelemetryEntry](repeating: TelemetryEntry(), count: StreamName.telemetryPartitions)
        for reading in batches.lazy.flatMap(\.readings) {
            entries[StreamName.telemetryPartition(of: reading.deviceID)].append(
                reading.sensorType, of: reading.deviceID, in: reading.organizationID, at: reading.time,
                value: reading.value, quality: reading.quality)
        }
        return entries.enumerated().filter { $0.element.count > 0 }.map { ($0.offset, $0.element) }
    }

    private func usage(of batches: [StoredBatch], _ first: StoredBatch) async throws -> RedisCommand {
        let event = try Event(
            source: .readings, type: "usage.recorded", subject: "\(first.id)", subjectVersion: 1, organizationID: nil,
            traceparent: first.traceparent, data: UsageRecorded(batches: batches.map(UsageRecorded.Batch.init)))
        let stream = StreamName.events(.readings)
        return .xadd(stream, [("event", event.json)], trim: try await usageTrimmer.trim(of: stream))
    }
}

/// The data of `usage.recorded`: the readings that batches stored, per organization. Billing counts a batch once.
private struct UsageRecorded: Encodable {
    struct Batch: Encodable {
        let id: Int64
        let organizations: [Count]

        init(_ batch: StoredBatch) {
            id = batch.id
            organizations = batch.counts.map { Count(organizationID: $0.key.text, readings: $0.value) }
        }
    }

    struct Count: Encodable {
        let organizationID: String
        let readings: Int

        enum CodingKeys: String, CodingKey {
            case organizationID = "organization_id"
            case readings
        }
    }

    let batches: [Batch]
}
