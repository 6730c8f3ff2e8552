/// One argument of a command. Arguments are binary-safe.
public protocol RedisArgument: Sendable {
    /// Appends the argument as one bulk string.
    func encode(into encoder: inout RESPEncoder)
}

extension String: RedisArgument {
    public func encode(into encoder: inout RESPEncoder) { encoder.append(bulk: utf8) }
}

extension Int: RedisArgument {
    public func encode(into encoder: inout RESPEncoder) { encoder.append(bulk: String(self).utf8) }
}

extension [UInt8]: RedisArgument {
    public func encode(into encoder: inout RESPEncoder) { encoder.append(bulk: self) }
}

/// Writes commands as they go over the wire: an array of bulk strings.
public struct RESPEncoder: Sendable {
    private(set) var bytes: [UInt8] = []

    mutating func append(arrayOf count: Int) {
        append(prefix: "*", count)
    }

    public mutating func append(bulk content: some Collection<UInt8>) {
        append(prefix: "$", content.count)
        bytes.append(contentsOf: content)
        bytes.append(contentsOf: "\r\n".utf8)
    }

    private mutating func append(prefix: Unicode.Scalar, _ count: Int) {
        bytes.append(UInt8(ascii: prefix))
        bytes.append(contentsOf: String(count).utf8)
        bytes.append(contentsOf: "\r\n".utf8)
    }
}

/// A command, encoded where it is made, so that the reactor's thread only copies it to the socket's buffer.
public struct RedisCommand: Sendable {
    /// The command's first word, for diagnostics; the arguments may hold secrets.
    public let name: String
    /// How long the server may keep the reply back (`BLOCK`); it is added to the deadline of the command.
    public let blocksFor: Duration
    let wire: [UInt8]

    public init(_ name: String, _ arguments: any RedisArgument...) {
        self.init(name, arguments)
    }

    public init(_ name: String, _ arguments: [any RedisArgument], blocksFor: Duration = .zero) {
        var encoder = RESPEncoder()
        encoder.append(arrayOf: arguments.count + 1)
        encoder.append(bulk: name.utf8)
        for argument in arguments { argument.encode(into: &encoder) }
        self.name = name
        self.blocksFor = blocksFor
        wire = encoder.bytes
    }
}
