import Logging

/// The running process of a ``Program``: started, watched, signalled, restarted, stopped.
public actor ManagedProcess {
    public nonisolated let program: any Program
    private let logger: Logger
    private var child: ChildProcess?
    private var isStopping = false

    public init(_ program: any Program, logger: Logger) {
        self.program = program
        self.logger = logger
    }

    /// Starts the program, unless it runs.
    ///
    /// - Throws: what ``Program/launch()`` throws.
    public func start() async throws {
        if let child, await child.isRunning { return }
        isStopping = false
        let launched = try await program.launch()
        // It was told to stop while it came up.
        if isStopping {
            await launched.stop(with: program.stopSignal, grace: program.stopGrace)
            throw CancellationError()
        }
        child = launched
    }

    /// Keeps the program running until ``stop()``: whenever it dies it is started again, with growing delays.
    ///
    /// Ends when it was stopped, or when the task is cancelled after that.
    public func run() async {
        var policy = RestartPolicy()
        while !isStopping, !Task.isCancelled {
            let began = ContinuousClock.now
            do {
                try await start()
                guard let status = await child?.waitForExit(), !isStopping else { return }
                logger.warning("\(program.name) \(status); it is started again")
            } catch {
                if isStopping { return }
                logger.error("\(program.name) cannot be started: \(error)")
            }
            // A program that dies at once is not to be started in a loop; a stop ends the sleep early.
            try? await Task.sleep(for: policy.delay(ranFor: began.duration(to: .now)))
        }
    }

    /// The process id, or nil while nothing runs.
    public var processID: Int32? {
        get async {
            guard let child, await child.isRunning else { return nil }
            return child.id
        }
    }

    /// Sends a signal to the process; ``Signal/stop`` makes it stand still until ``Signal/resume``.
    public func send(_ signal: Signal) async {
        await child?.send(signal)
    }

    /// Kills the process and returns when it is gone; ``run()`` starts it again.
    public func kill(_ signal: Signal = .kill) async {
        await child?.stop(with: signal, grace: program.stopGrace)
    }

    /// Stops the process and returns when it is gone; ``run()`` does not start it again.
    ///
    /// - Parameter signal: What to send; by default what asks the program to stop in order.
    public func stop(with signal: Signal? = nil) async {
        isStopping = true
        await child?.stop(with: signal ?? program.stopSignal, grace: program.stopGrace)
        child = nil
    }

    /// Stops the process and starts it again.
    ///
    /// - Throws: what ``Program/launch()`` throws.
    public func restart() async throws {
        await stop()
        try await start()
    }
}
