import CLinux
import Glibc
import Reactor

/// A child process that never outlives this one.
///
/// The kernel sends a child its death signal when the *thread* that started it ends (`PR_SET_PDEATHSIG`, prctl(2)), so
/// children are started on the reactor's thread, which lives as long as the process: then not even a SIGKILL of this
/// process leaves a server behind. The signal has to be armed between fork and exec, which neither `posix_spawn` nor
/// Foundation's `Process` allow; `setpriv` (util-linux) does it and then becomes the program, keeping the process id.
public actor ChildProcess {
    public nonisolated let id: pid_t
    private var status: ExitStatus?
    private var exitWatch: Watch?
    private var waiters: [Int: CheckedContinuation<ExitStatus?, Never>] = [:]
    private var nextWaiter = 0

    public nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    /// Starts the program of `command`.
    ///
    /// - Throws: ``LocalStackError`` when it cannot be started.
    public static func start(_ command: Command) async throws -> ChildProcess {
        let child = try await spawnOnReactor(command)
        try await child.watchExit()
        return child
    }

    /// Runs the program of `command` to its end.
    ///
    /// - Throws: ``LocalStackError/commandFailed(command:status:log:lastLines:)`` when that is not a success.
    public static func run(_ command: Command) async throws {
        let status = try await start(command).waitForExit()
        guard status.isSuccess else {
            throw LocalStackError.commandFailed(
                command: command.executable, status: status, log: command.log,
                lastLines: lastLines(ofFile: command.log))
        }
    }

    private init(id: pid_t) {
        self.id = id
    }

    /// Whether the process has not ended yet.
    public var isRunning: Bool { status == nil }

    /// Sends `signal`; one for a process that has ended is dropped.
    public func send(_ signal: Signal) {
        if isRunning { kill(id, signal.rawValue) }
    }

    /// Waits until the process has ended.
    public func waitForExit() async -> ExitStatus {
        if let status { return status }
        // Without a deadline the waiter is only ever resumed with a status.
        return await addWaiter(deadline: nil) ?? .signalled(Signal.kill.rawValue)
    }

    /// Waits until the process has ended, `limit` at most; nil when it still runs then.
    public func waitForExit(within limit: Duration) async -> ExitStatus? {
        if let status { return status }
        return await addWaiter(deadline: limit)
    }

    /// Sends `signal`, and SIGKILL when the process still runs after `grace`.
    @discardableResult
    public func stop(with signal: Signal = .terminate, grace: Duration) async -> ExitStatus {
        send(signal)
        // A process that stands still would not see any signal but SIGKILL.
        if signal != .kill { send(.resume) }
        if let status = await waitForExit(within: grace) { return status }
        send(.kill)
        return await waitForExit()
    }

    private func addWaiter(deadline: Duration?) async -> ExitStatus? {
        let number = nextWaiter
        nextWaiter += 1
        return await withCheckedContinuation { continuation in
            waiters[number] = continuation
            guard let deadline else { return }
            Reactor.shared.schedule(after: deadline) { [weak self] in
                self?.assumeIsolated { $0.waiters.removeValue(forKey: number)?.resume(returning: nil) }
            }
        }
    }

    /// The descriptor of pidfd_open(2) becomes readable when the process ends.
    private func watchExit() throws {
        let descriptor = lms_pidfd_open(id)
        guard descriptor >= 0 else {
            kill(id, SIGKILL)
            throw LocalStackError.cannotStart("pidfd_open", reason: reasonOfErrno())
        }
        exitWatch = Reactor.shared.watch(descriptor, for: .read) { _ in
            self.assumeIsolated { $0.reap(descriptor) }
        }
    }

    private func reap(_ descriptor: Int32) {
        var word: Int32 = 0
        guard waitpid(id, &word, WNOHANG) == id else { return }
        exitWatch?.cancel()
        exitWatch = nil
        close(descriptor)
        let status = ExitStatus(waitStatus: word)
        self.status = status
        for waiter in waiters.values { waiter.resume(returning: status) }
        waiters = [:]
    }
}

// MARK: posix_spawn

extension ChildProcess {
    /// Runs on the reactor's thread: see the type's comment.
    private actor Spawner {
        nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

        func spawn(_ command: Command) throws -> pid_t { try posixSpawn(command) }
    }

    private static func spawnOnReactor(_ command: Command) async throws -> ChildProcess {
        ChildProcess(id: try await Spawner().spawn(command))
    }
}

private func posixSpawn(_ command: Command) throws -> pid_t {
    guard access(command.executable, X_OK) == 0 else {
        throw LocalStackError.cannotStart(command.executable, reason: reasonOfErrno())
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, command.log, O_WRONLY | O_CREAT | O_APPEND, 0o640)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    if let directory = command.directory { posix_spawn_file_actions_addchdir_np(&actions, directory) }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own, so that Ctrl-C in the terminal reaches only us, and we stop the children in order.
    var unblocked = sigset_t()
    sigemptyset(&unblocked)
    posix_spawnattr_setsigmask(&attributes, &unblocked)
    var defaults = sigset_t()
    sigfillset(&defaults)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var id: pid_t = 0
    let environment = command.environment.map { "\($0.key)=\($0.value)" }
    let status = withCStrings(command.wrapped) { arguments in
        withCStrings(environment) { posix_spawnp(&id, "setpriv", &actions, &attributes, arguments, $0) }
    }
    guard status == 0 else {
        throw LocalStackError.cannotStart(command.executable, reason: String(cString: strerror(status)))
    }
    return id
}

/// The strings as the null-terminated array that exec(3) takes, for the length of `body`.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("the array holds at least its end mark") }
        return body(base)
    }
}
