import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Reactor

/// An actor on the reactor, to call what only its thread may.
private actor Guest {
    nonisolated let unownedExecutor: UnownedSerialExecutor
    let reactor: Reactor

    init(_ reactor: Reactor) {
        self.reactor = reactor
        unownedExecutor = reactor.asUnownedSerialExecutor()
    }

    func run<Value: Sendable>(_ body: @Sendable (Reactor) throws -> Value) rethrows -> Value {
        try body(reactor)
    }
}

struct ReactorTests {
    private let guest = Guest(Reactor())

    @Test func `an actor on the reactor runs on its thread, and others do not`() async {
        let isOnThread = await guest.run(\.isOnThread)
        #expect(isOnThread)
        #expect(!guest.reactor.isOnThread)
    }

    @Test func `timers fire in the order of their deadlines`() async {
        let order = AsyncStream.makeStream(of: Int.self)
        await guest.run { reactor in
            for delay in [30, 10, 20] {
                reactor.schedule(after: .milliseconds(delay)) { order.continuation.yield(delay) }
            }
        }
        var fired: [Int] = []
        for await delay in order.stream.prefix(3) { fired.append(delay) }
        #expect(fired == [10, 20, 30])
    }

    @Test func `a cancelled timer does not fire`() async {
        let fired = AsyncStream.makeStream(of: String.self)
        await guest.run { reactor in
            reactor.schedule(after: .milliseconds(5)) { fired.continuation.yield("cancelled") }.cancel()
            reactor.schedule(after: .milliseconds(10)) { fired.continuation.yield("kept") }
        }
        var iterator = fired.stream.makeAsyncIterator()
        #expect(await iterator.next() == "kept")
    }

    @Test func `an owner of many deadlines has one timer, which fires at the earliest`() async {
        let fired = AsyncStream.makeStream(of: Int.self)
        let owner = await guest.run { reactor in
            let owner = Owner()
            let start = ContinuousClock.now
            for delay in [50, 60, 10, 70] {
                owner.timer.arm(for: start + .milliseconds(delay), on: reactor) { fired.continuation.yield(delay) }
            }
            return owner
        }
        var iterator = fired.stream.makeAsyncIterator()
        #expect(await iterator.next() == 10)
        await guest.run { reactor in
            owner.timer.disarm()
            for _ in 0..<100 {
                owner.timer.arm(for: .now + .seconds(60), on: reactor) { fired.continuation.yield(60) }
            }
            // The one that was replaced stays until its time.
            #expect(reactor.timerCount <= 2)
        }
    }

    /// Only touched on the reactor's thread.
    private final class Owner: @unchecked Sendable {
        var timer = DeadlineTimer()
    }

    @Test func `a watch tells when a descriptor can be read, until it is cancelled`() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (readEnd, writeEnd) = (ends[0], ends[1])
        defer {
            close(readEnd)
            close(writeEnd)
        }
        let bytes = AsyncStream.makeStream(of: UInt8.self)
        let watch = await guest.run { reactor in
            reactor.watch(readEnd, for: .read) { readiness in
                var byte: UInt8 = 0
                if readiness.contains(.read), read(readEnd, &byte, 1) == 1 { bytes.continuation.yield(byte) }
            }
        }
        var byte: UInt8 = 7
        try #require(write(writeEnd, &byte, 1) == 1)
        var iterator = bytes.stream.makeAsyncIterator()
        #expect(await iterator.next() == 7)
        await guest.run { _ in watch.cancel() }
        try #require(write(writeEnd, &byte, 1) == 1)
        // Two turns of the loop would have shown it.
        await guest.run { _ in }
        await guest.run { _ in }
        bytes.continuation.finish()
        #expect(await iterator.next() == nil)
    }

    @Test func `an action runs on the reactor's thread, after what was handed to it before`() async {
        let steps = Mutex<[String]>([])
        let reactor = guest.reactor
        await withCheckedContinuation { continuation in
            for step in ["first", "second"] {
                reactor.perform { steps.withLock { $0.append(reactor.isOnThread ? step : "elsewhere") } }
            }
            reactor.perform { continuation.resume() }
        }
        #expect(steps.withLock(\.self) == ["first", "second"])
    }

    @Test func `what is to be done before waiting is done once the jobs at hand have run`() async {
        let steps = Mutex<[String]>([])
        await guest.run { reactor in
            reactor.beforeWaiting { steps.withLock { $0.append("before waiting") } }
            steps.withLock { $0.append("job") }
        }
        await guest.run { _ in }
        await guest.run { _ in }
        #expect(steps.withLock(\.self) == ["job", "before waiting"])
    }

    @Test func `the reactor goes on while work blocks`() async throws {
        let semaphore = DispatchSemaphore(value: 0)
        async let blocked: DispatchTimeoutResult = runBlocking { semaphore.wait(timeout: .now() + 30) }
        // Only the reactor lets the work go on.
        await guest.run { _ in _ = semaphore.signal() }
        #expect(try await blocked == .success)
    }

    @Test func `a host that does not exist is an error with its name`() async {
        let error = await #expect(throws: ResolutionError.self) { try await resolve(host: "no-such-host.invalid") }
        #expect(error?.host == "no-such-host.invalid")
    }

    @Test func `a numeric address is its own`() async throws {
        #expect(try await resolve(host: "127.0.0.1") == ["127.0.0.1"])
    }
}
