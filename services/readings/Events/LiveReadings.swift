import EventBus
import FoundationEssentials
import Kernel
import Redis

/// Shows readings on the live streams of the organizations that somebody watches.
struct LiveReadings: Sendable {
    let redis: RedisClient

    /// - Throws: `RedisError`.
    func send(_ batch: StoredBatch) async throws {
        let organizations = Array(batch.counts.keys)
        // Asked after the commit, so a screen that was told hello before it is seen here.
        let replies = try await redis.pipeline(organizations.map { RedisCommand("EXISTS", StreamName.watch($0)) })
        for case .error(let prefix, let message) in replies {
            throw RedisError.server(prefix: prefix, message: message)
        }
        let watched = zip(organizations, replies).filter { $0.1.integer == 1 }.map(\.0)
        guard !watched.isEmpty else { return }
        let frames = Self.frames(of: batch, for: Set(watched))
        _ = try await redis.pipeline(frames.map { LiveStream.publish(.reading, $0.value, to: $0.key) })
    }

    /// The frames of a batch, by organization.
    static func frames(of batch: StoredBatch, for organizations: Set<UUID>) -> [UUID: [LiveStream.Frame]] {
        var frames: [UUID: [LiveStream.Frame]] = [:]
        for reading in batch.readings where organizations.contains(reading.organizationID) {
            frames[reading.organizationID, default: []].append(
                LiveStream.Frame(deviceID: reading.deviceID, sensorType: reading.sensorType, json: json(reading)))
        }
        return frames
    }

    private static func json(_ reading: StoredReading) -> [UInt8] {
        let value = JSONText.value(reading.value, text: reading.text, kind: reading.kind)
        let quality = Quality(rawValue: reading.quality) ?? .good
        return Array(
            """
            {"device_id":"\(reading.deviceID.text)","sensor_type":\(JSONText.quoted(reading.sensorType)),\
            "value":\(value),"unit":\(JSONText.quoted(reading.unit)),"timestamp":"\(reading.time.rfc3339)",\
            "quality":"\(quality.name)"}
            """.utf8)
    }
}
