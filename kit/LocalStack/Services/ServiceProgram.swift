/// The executable of one of the seven processes.
public struct ServiceProgram: Program {
    public let component: Component
    public let stopSignal = Signal.terminate
    /// A service gives its requests 20 s, and what it has to cancel 5 s more.
    public let stopGrace = Duration.seconds(27)
    private let executable: String
    private let environment: [String: String]
    private let log: String

    public var name: String { component.rawValue }

    public init(_ component: Component, binaries: String, environment: [String: String], log: String) {
        self.component = component
        executable = "\(binaries)/\(component.executable)"
        self.environment = environment
        self.log = log
    }

    /// A service starts without what it depends on and says itself when it is ready, so there is nothing to wait for.
    public func launch() async throws -> ChildProcess {
        try await ChildProcess.start(Command(executable, environment: environment, log: log))
    }
}
