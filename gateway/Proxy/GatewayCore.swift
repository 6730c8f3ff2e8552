import NIOCore
import Synchronization

/// What all event loops share.
final class GatewayCore: Sendable {
    let current: CurrentGeneration
    let admission: Admission
    let directory: UpstreamDirectory
    let endpoints: OwnEndpoints
    let metrics: GatewayMetrics
    let accessLog: AccessLog?
    /// What is served to operators.
    let operators: Site
    /// Client connections open now, of all event loops.
    let connections = Atomic<Int>(0)
    /// The same by address.
    let addressConnections: AddressConnections
    private let workers: Mutex<[NIOLoopBound<Worker>]> = Mutex([])

    init(
        current: CurrentGeneration, admission: Admission, directory: UpstreamDirectory, endpoints: OwnEndpoints,
        metrics: GatewayMetrics, operators: Site, accessLog: AccessLog?
    ) {
        self.current = current
        self.admission = admission
        addressConnections = AddressConnections(limit: current.value.configuration.clients.connectionsPerAddress)
        self.directory = directory
        self.endpoints = endpoints
        self.metrics = metrics
        self.operators = operators
        self.accessLog = accessLog
    }

    /// Lets event loops know of the generations that follow the one they began with.
    func register(_ workers: [NIOLoopBound<Worker>]) async {
        self.workers.withLock { $0 = workers }
        await tell(current.value)
    }

    /// Lets go of the event loops, which hold this in turn, when they have stopped.
    func unregister() { workers.withLock { $0 = [] } }

    /// Puts a generation into use; when this returns, it is on every event loop.
    ///
    /// Buckets keep what has been taken from them, and no connection is closed for a limit that is lower now.
    func adopt(_ generation: Generation) async {
        let configuration = generation.configuration
        admission.limiter.change(to: configuration.limits)
        addressConnections.change(limit: configuration.clients.connectionsPerAddress)
        current.replace(by: generation)
        await tell(generation)
    }

    private func tell(_ generation: Generation) async {
        for worker in workers.withLock(\.self) {
            // An event loop that has ended serves nobody.
            try? await worker.eventLoop.submit { worker.value.adopt(generation) }.get()
        }
    }
}
