/// A statement with its values: text that only literals in the source can make, and binds.
///
/// An interpolated value becomes a parameter, an interpolated `SQL` is spliced in, and nothing else compiles, so a
/// string that arrived at run time cannot become SQL text.
///
///     let recent: SQL = "last_seen > \(cutoff)"
///     let query: SQL = "SELECT id FROM devices.devices WHERE organization_id = \(organization) AND \(recent)"
public struct SQL: ExpressibleByStringInterpolation, Sendable {
    enum Part: Sendable {
        case text(StaticString)
        case bind(Bind)
    }

    var parts: [Part]

    public init(stringLiteral value: StaticString) {
        parts = [.text(value)]
    }

    public init(stringInterpolation: Interpolation) {
        parts = stringInterpolation.parts
    }

    private init(parts: [Part]) {
        self.parts = parts
    }

    public static func + (lhs: SQL, rhs: SQL) -> SQL {
        SQL(parts: lhs.parts + rhs.parts)
    }

    public struct Interpolation: StringInterpolationProtocol {
        var parts: [Part] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            parts.reserveCapacity(interpolationCount * 2 + 1)
        }

        public mutating func appendLiteral(_ literal: StaticString) {
            if literal.utf8CodeUnitCount > 0 { parts.append(.text(literal)) }
        }

        /// A value, sent as a parameter in binary.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            parts.append(.bind(Bind(value)))
        }

        /// A fragment, with its own binds.
        public mutating func appendInterpolation(_ fragment: SQL) {
            parts.append(contentsOf: fragment.parts)
        }
    }
}

extension [SQL] {
    /// The fragments with `separator` between them.
    public func joined(separator: SQL) -> SQL {
        guard var result = first else { return "" }
        for fragment in dropFirst() { result = result + separator + fragment }
        return result
    }
}

/// A parameter: its type and its value in PostgreSQL's binary format, or nil for NULL.
struct Bind: Sendable {
    let type: OID
    let bytes: [UInt8]?

    init<Value: PostgresEncodable>(_ value: Value?) {
        type = Value.postgresType
        bytes = value.map { value in
            var bytes: [UInt8] = []
            value.encode(into: &bytes)
            return bytes
        }
    }
}

/// What goes to the server: text with `$1`, `$2`, … and the parameters in that order.
struct Statement: Sendable {
    /// Identifies a prepared statement: the same text may be used with other parameter types.
    struct Key: Hashable, Sendable {
        let text: String
        let types: [OID]
    }

    let key: Key
    let binds: [Bind]

    init(_ sql: SQL) {
        var text = ""
        var binds: [Bind] = []
        for part in sql.parts {
            switch part {
            case .text(let literal):
                literal.withUTF8Buffer { text += String(decoding: $0, as: UTF8.self) }
            case .bind(let bind):
                binds.append(bind)
                text += "$\(binds.count)"
            }
        }
        key = Key(text: text, types: binds.map(\.type))
        self.binds = binds
    }
}
