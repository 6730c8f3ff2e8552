import DequeModule
import Glibc
import HeapModule
import Synchronization

/// One thread in `poll(2)` over its descriptors, its timers and a wake-up descriptor; a process has one.
///
/// It is the serial executor of the actors that own a C library's connection, so libpq, hiredis and libcurl are only
/// ever touched on this thread and need no locks. Dispatch sources are not used: two of them on one descriptor are
/// unsafe on Linux (swift-corelibs-libdispatch issues 833 and 949).
///
/// `@unchecked Sendable`: `loop` is only touched on the reactor's own thread, which every entry point that reaches it
/// checks; everything else is immutable or behind the mutex.
public final class Reactor: SerialExecutor, @unchecked Sendable {
    /// The reactor that every client of this process shares.
    public static let shared = Reactor()

    private let inbox = Mutex(Inbox())
    private let wakeup = WakeupPipe()
    private let threadID = Atomic<UInt>(0)
    private var loop = Loop()

    /// Starts the thread, which lives as long as the process.
    public init() {
        // hiredis and OpenSSL write with write(2), which kills the process when the peer has gone unless this is
        // ignored.
        signal(SIGPIPE, SIG_IGN)
        loop.descriptors = [pollfd(fd: wakeup.readEnd, events: Int16(POLLIN), revents: 0)]
        startThread { [self] in run() }
    }

    // MARK: SerialExecutor

    public func enqueue(_ job: consuming ExecutorJob) {
        put(.job(UnownedJob(job)))
    }

    /// Calls `action` on the reactor's thread, in turn with the jobs that are handed to it: for what needs no task of
    /// its own there. From any thread.
    public func perform(_ action: @escaping @Sendable () -> Void) {
        put(.action(action))
    }

    private func put(_ work: Work) {
        let mustWake = inbox.withLock { inbox in
            inbox.work.append(work)
            defer { inbox.isPolling = false }
            return inbox.isPolling
        }
        if mustWake { wakeup.signal() }
    }

    public func checkIsolated() {
        precondition(isOnThread, "not on the reactor's thread")
    }

    public func isIsolatingCurrentContext() -> Bool? {
        isOnThread
    }

    /// Whether the caller runs on the reactor's thread.
    public var isOnThread: Bool {
        threadID.load(ordering: .relaxed) == UInt(pthread_self())
    }

    // MARK: Descriptors and timers, from the reactor's thread only

    /// Calls `handler` on the reactor's thread whenever `descriptor` is ready for what the watch's `interest` names.
    ///
    /// The caller keeps the descriptor open until it has cancelled the watch.
    public func watch(
        _ descriptor: Int32, for interest: Interest, handler: @escaping @Sendable (Interest) -> Void
    ) -> Watch {
        checkIsolated()
        let watch = Watch(reactor: self, slot: loop.descriptors.count, interest: interest, handler: handler)
        loop.descriptors.append(pollfd(fd: descriptor, events: interest.events, revents: 0))
        loop.watches.append(watch)
        return watch
    }

    /// Calls `action` once on the reactor's thread, `delay` from now.
    @discardableResult
    public func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> Timer {
        checkIsolated()
        let timer = Timer(deadline: .now.advanced(by: delay), action: action)
        loop.timers.insert(timer)
        return timer
    }

    /// How many timers there are, those included that were cancelled and whose time has not come.
    var timerCount: Int {
        checkIsolated()
        return loop.timers.count
    }

    /// Calls `action` once the jobs that are ready now have run, before the thread waits again: the place to write out
    /// what those jobs have queued, in one system call.
    public func beforeWaiting(_ action: @escaping @Sendable () -> Void) {
        checkIsolated()
        loop.beforeWaiting.append(action)
    }

    func setInterest(_ interest: Interest, slot: Int) {
        checkIsolated()
        loop.descriptors[slot].events = interest.events
    }

    func removeWatch(slot: Int) {
        checkIsolated()
        loop.remove(slot: slot)
    }

    // MARK: The loop

    private func run() {
        threadID.store(UInt(pthread_self()), ordering: .relaxed)
        var work: [Work] = []
        while true {
            runDueTimers()
            inbox.withLock { swap(&$0.work, &work) }
            for piece in work {
                switch piece {
                case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
                case .action(let action): action()
                }
            }
            work.removeAll(keepingCapacity: true)
            while let action = loop.beforeWaiting.popFirst() { action() }
            poll()
        }
    }

    private func runDueTimers() {
        let now = ContinuousClock.now
        while let timer = loop.timers.min, timer.deadline <= now || timer.isCancelled {
            loop.timers.removeMin()
            timer.fire()
        }
    }

    private func poll() {
        let mayWait = inbox.withLock { inbox in
            inbox.isPolling = inbox.work.isEmpty
            return inbox.isPolling
        }
        let count = Glibc.poll(&loop.descriptors, UInt(loop.descriptors.count), mayWait ? loop.pollTimeout : 0)
        if mayWait { inbox.withLock { $0.isPolling = false } }
        guard count > 0 else { return }
        if loop.descriptors[0].revents != 0 { wakeup.drain() }
        for (watch, readiness) in loop.readyWatches() where !watch.isCancelled {
            watch.handler(readiness)
        }
    }
}

private enum Work {
    case job(UnownedJob)
    case action(@Sendable () -> Void)
}

/// What other threads hand to the reactor.
private struct Inbox {
    var work: [Work] = []
    /// Whether the thread waits in `poll` (or is about to) and must be woken.
    var isPolling = false
}

/// What only the reactor's thread touches. `descriptors[0]` is the wake-up descriptor, so `watches` is one behind.
private struct Loop {
    var descriptors: [pollfd] = []
    var watches: [Watch] = []
    var timers = Heap<Timer>()
    var beforeWaiting: Deque<@Sendable () -> Void> = []

    /// Milliseconds until the next timer, rounded up; -1 waits without end.
    var pollTimeout: Int32 {
        guard let next = timers.min else { return -1 }
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: next.deadline).components
        let milliseconds = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(clamping: max(0, milliseconds))
    }

    func readyWatches() -> [(Watch, Interest)] {
        var ready: [(Watch, Interest)] = []
        for slot in 1..<max(1, descriptors.count) where descriptors[slot].revents != 0 {
            ready.append((watches[slot - 1], Interest(readyEvents: descriptors[slot].revents)))
        }
        return ready
    }

    mutating func remove(slot: Int) {
        let last = descriptors.count - 1
        if slot != last {
            descriptors[slot] = descriptors[last]
            watches[slot - 1] = watches[last - 1]
            watches[slot - 1].slot = slot
        }
        descriptors.removeLast()
        watches.removeLast()
    }
}
