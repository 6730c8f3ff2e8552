import ServiceLifecycle
import Synchronization

/// Runs what handles each WebSocket of a server, in a task of its own.
///
/// The task of the HTTP connection ends with the upgrade: the frames it has gathered on its way to a route are several
/// kilobytes, which ten thousand idle sockets would hold for nothing. On shutdown all sockets are closed with 1012.
public final class WebSocketTasks: Service {
    typealias Handler = @Sendable (WebSocket) async throws -> Void

    private struct Job: Sendable {
        let socket: WebSocket
        let handler: Handler
    }

    private struct State {
        var sockets: [ObjectIdentifier: WebSocket] = [:]
        var isShuttingDown = false
    }

    private let jobs: AsyncStream<Job>
    private let newJobs: AsyncStream<Job>.Continuation
    private let state = Mutex(State())

    public init() {
        (jobs, newJobs) = AsyncStream.makeStream()
    }

    /// Runs until shut down, and then until the last socket has closed.
    public func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await job in jobs {
                    group.addTask { await self.run(job) }
                }
            }
        } onGracefulShutdown: {
            self.shutDown()
        }
    }

    /// Has `handler` run for as long as the socket lives.
    func start(_ socket: WebSocket, handler: @escaping Handler) {
        let isShuttingDown = state.withLock { state in
            state.sockets[ObjectIdentifier(socket)] = socket
            return state.isShuttingDown
        }
        newJobs.yield(Job(socket: socket, handler: handler))
        if isShuttingDown { socket.close(.serviceRestart) }
    }

    private func run(_ job: Job) async {
        do {
            try await job.handler(job.socket)
            job.socket.close(.normal)
        } catch {
            job.socket.close(.internalError)
        }
        try? await job.socket.channel.closeFuture.get()
        _ = state.withLock { $0.sockets.removeValue(forKey: ObjectIdentifier(job.socket)) }
    }

    private func shutDown() {
        let sockets = state.withLock { state in
            state.isShuttingDown = true
            return Array(state.sockets.values)
        }
        for socket in sockets { socket.close(.serviceRestart, reason: "restarting") }
        newJobs.finish()
    }
}
