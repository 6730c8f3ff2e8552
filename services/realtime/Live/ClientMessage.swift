import Foundation

/// What a client says.
enum ClientMessage: Sendable, Hashable {
    case subscribe(Filter, since: FrameID?)
    case unsubscribe
    case ping

    /// The filter of a subscription; nil means all.
    struct Filter: Sendable, Hashable {
        var deviceIDs: Set<UUID>?
        var sensorTypes: Set<String>?
        var minimumInterval: Duration?
    }

    /// Why a message is not understood, in words for its sender.
    struct Invalid: Error, Hashable {
        let detail: String
    }

    private static let maximumListed = 1000
    private static let maximumInterval = 3_600_000

    /// - Throws: ``Invalid``.
    init(_ text: String) throws(Invalid) {
        let message: Wire
        do {
            message = try JSONDecoder().decode(Wire.self, from: Data(text.utf8))
        } catch {
            throw Invalid(detail: "A message is a JSON object with an action; its lists hold strings.")
        }
        switch message.action {
        case "subscribe": self = try Self.subscription(message)
        case "unsubscribe": self = .unsubscribe
        case "ping": self = .ping
        default: throw Invalid(detail: "The action must be subscribe, unsubscribe or ping.")
        }
    }

    private static func subscription(_ message: Wire) throws(Invalid) -> ClientMessage {
        var filter = Filter()
        if let ids = message.deviceIDs {
            let devices = ids.compactMap(UUID.init(uuidString:))
            guard devices.count == ids.count, ids.count <= maximumListed else {
                throw Invalid(detail: "device_ids must be at most \(maximumListed) UUIDs.")
            }
            filter.deviceIDs = Set(devices)
        }
        if let types = message.sensorTypes {
            guard types.count <= maximumListed else {
                throw Invalid(detail: "sensor_types must be at most \(maximumListed).")
            }
            filter.sensorTypes = Set(types)
        }
        if let interval = message.minimumInterval {
            guard (0...maximumInterval).contains(interval) else {
                throw Invalid(detail: "min_interval_ms must be from 0 to \(maximumInterval).")
            }
            filter.minimumInterval = interval == 0 ? nil : .milliseconds(interval)
        }
        guard let since = message.since else { return .subscribe(filter, since: nil) }
        guard let id = FrameID(since) else { throw Invalid(detail: "since must be the id of a frame.") }
        return .subscribe(filter, since: id)
    }

    private struct Wire: Decodable {
        let action: String
        let deviceIDs: [String]?
        let sensorTypes: [String]?
        let minimumInterval: Int?
        let since: String?

        enum CodingKeys: String, CodingKey {
            case action, since
            case deviceIDs = "device_ids"
            case sensorTypes = "sensor_types"
            case minimumInterval = "min_interval_ms"
        }
    }
}
