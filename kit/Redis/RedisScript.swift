import Crypto

/// A Lua script that runs on the server as one atomic step, known there by the SHA-1 of its source.
public struct RedisScript: Sendable {
    public let source: String
    /// 40 lowercase hexadecimal digits.
    public let sha1: String

    public init(_ source: String) {
        self.source = source
        sha1 = Insecure.SHA1.hash(data: Array(source.utf8)).hexadecimal
    }
}

extension RedisCommands {
    /// Runs a script by its SHA-1, and with its source if the server does not know it (any more).
    ///
    /// - Throws: ``RedisError``, also for an error the script raises; `CancellationError`.
    @discardableResult
    public func eval(
        _ script: RedisScript, keys: [String] = [], arguments: [any RedisArgument] = []
    ) async throws -> RESPValue {
        do {
            return try await send(.evalSHA(script, keys: keys, arguments: arguments))
        } catch let error as RedisError where error.serverPrefix == "NOSCRIPT" {
            return try await send(.eval(script, keys: keys, arguments: arguments))
        }
    }
}

extension RedisCommand {
    /// The script with its source, which always works.
    public static func eval(
        _ script: RedisScript, keys: [String] = [], arguments: [any RedisArgument] = []
    ) -> RedisCommand {
        RedisCommand("EVAL", [script.source, keys.count] + keys + arguments)
    }

    /// The script by its SHA-1, which the server refuses with `NOSCRIPT` until it has run once.
    public static func evalSHA(
        _ script: RedisScript, keys: [String] = [], arguments: [any RedisArgument] = []
    ) -> RedisCommand {
        RedisCommand("EVALSHA", [script.sha1, keys.count] + keys + arguments)
    }
}

extension Sequence<UInt8> {
    fileprivate var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
