import ServiceLifecycle

/// Runs a client, whose `run()` goes on until its task is cancelled, for as long as the services made after it need it.
public struct ClientService: ServiceLifecycle.Service, CustomStringConvertible {
    public let description: String
    private let operation: @Sendable () async -> Void

    public init(_ name: String, run operation: @escaping @Sendable () async -> Void) {
        description = name
        self.operation = operation
    }

    public func run() async {
        await cancelWhenGracefulShutdown { await operation() }
    }
}
