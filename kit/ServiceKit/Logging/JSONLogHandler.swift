import Glibc
import Logging
import Postgres

/// Writes each event as one line of JSON with one `write(2)`:
/// `{"ts":…,"level":…,"service":…,"message":…,"request_id":…,"trace_id":…,"org":…,…}`.
///
/// Metadata becomes members of the object; a key that the handler uses itself is written with `_` before it.
public struct JSONLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level

    private let service: String
    private let label: String
    private let descriptor: Int32

    /// Members that stand in front of the other metadata, in this order.
    private static let leading = ["request_id", "trace_id", "org"]
    private static let reserved: Set<String> = ["ts", "level", "service", "logger", "message"]

    /// - Parameters:
    ///   - service: the name of the service, in every line.
    ///   - label: the logger's; written as `logger` where it differs from `service`.
    ///   - descriptor: an open file descriptor, standard error by default.
    public init(
        service: String, label: String, logLevel: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil,
        descriptor: Int32 = STDERR_FILENO
    ) {
        self.service = service
        self.label = label
        self.logLevel = logLevel
        self.metadataProvider = metadataProvider
        self.descriptor = descriptor
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let line = line(for: event, at: .now)
        // A short or failed write is given up: a log that blocks or retries would take the service down with it.
        _ = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    func line(for event: LogEvent, at time: Timestamp) -> [UInt8] {
        var json = JSONBuffer(capacity: 256)
        json.raw("{\"ts\":")
        json.string(time.rfc3339)
        json.raw(",\"level\":")
        json.string(event.level.rawValue)
        json.raw(",\"service\":")
        json.string(service)
        if label != service {
            json.raw(",\"logger\":")
            json.string(label)
        }
        json.raw(",\"message\":")
        json.string(event.message.description)
        var reserved = Self.reserved
        if let error = event.error {
            json.raw(",\"error\":")
            json.string(String(describing: error))
            reserved.insert("error")
        }
        json.members(of: merged(event.metadata), leading: Self.leading, reserved: reserved)
        json.raw("}\n")
        return json.bytes
    }

    /// The logger's metadata, under the provider's, under the event's.
    private func merged(_ explicit: Logger.Metadata?) -> Logger.Metadata {
        var merged = metadata
        if let provided = metadataProvider?.get(), !provided.isEmpty {
            merged.merge(provided) { $1 }
        }
        if let explicit {
            merged.merge(explicit) { $1 }
        }
        return merged
    }
}

extension JSONBuffer {
    fileprivate mutating func members(of metadata: Logger.Metadata, leading: [String], reserved: Set<String>) {
        for key in leading {
            if let value = metadata[key] { member(key, value) }
        }
        for (key, value) in metadata where !leading.contains(key) {
            member(reserved.contains(key) ? "_" + key : key, value)
        }
    }

    private mutating func member(_ key: String, _ value: Logger.MetadataValue) {
        raw(",")
        string(key)
        raw(":")
        self.value(value)
    }

    private mutating func value(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): string(text)
        case .stringConvertible(let value): string(value.description)
        case .array(let values):
            raw("[")
            for (index, value) in values.enumerated() {
                if index > 0 { raw(",") }
                self.value(value)
            }
            raw("]")
        case .dictionary(let members):
            raw("{")
            for (index, (key, value)) in members.enumerated() {
                if index > 0 { raw(",") }
                string(key)
                raw(":")
                self.value(value)
            }
            raw("}")
        @unknown default: string("\(value)")
        }
    }
}
