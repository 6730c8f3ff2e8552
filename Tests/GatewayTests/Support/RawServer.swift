import NIOCore
import NIOPosix
import TestKit

/// A service that does what a test says, byte by byte.
struct RawServer {
    let port: Int

    /// Listens while `body` runs; every connection is handed to `script` with its number, from 0.
    static func with<Result: Sendable>(
        port: Int = 0, _ script: @escaping @Sendable (inout RawConnection, Int) async throws -> Void,
        _ body: @escaping @Sendable (RawServer) async throws -> Result
    ) async throws -> Result {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port, childChannelInitializer: RawConnection.make)
        let bound = listener.channel.localAddress?.port ?? port
        return try await withThrowingTaskGroup(of: Result?.self) { tasks in
            tasks.addTask {
                try await listener.executeThenClose { inbound in
                    await withDiscardingTaskGroup { connections in
                        var number = 0
                        do {
                            for try await connection in inbound {
                                let index = number
                                number += 1
                                connections.addTask {
                                    // A script ends when its connection does, which is often an error.
                                    try? await connection.whileOpen { try await script(&$0, index) }
                                }
                            }
                        } catch {}
                        connections.cancelAll()
                    }
                }
                return nil
            }
            tasks.addTask { try await body(RawServer(port: bound)) }
            defer { tasks.cancelAll() }
            while let result = try await tasks.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    /// A service that answers every request with its own text, and keeps the connection.
    static func echo(_ connection: inout RawConnection, _ number: Int) async throws {
        while true {
            let request = try await connection.message()
            let text = "\(number) \(request.startLine) \(request.text)"
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        }
    }
}
