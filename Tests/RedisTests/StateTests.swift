import Reactor
import Testing

@testable import Redis

@Suite struct ConnectionLifeTests {
    /// The action that is expected of an event; a pause by its upper end, of which up to half is cut by chance.
    private enum Expected {
        case connect, hold, finish
        case pause(upTo: Duration)
    }

    private typealias Step = (event: ConnectionLife.Event, action: Expected, status: RedisStatus)

    private func check(_ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) {
        var life = ConnectionLife(
            backoff: Backoff(initial: .milliseconds(100), maximum: .seconds(1)), goodLife: .seconds(5))
        for (number, step) in steps.enumerated() {
            let action = life.handle(step.event)
            #expect(matches(action, step.action), "step \(number): \(action)", sourceLocation: sourceLocation)
            #expect(life.status == step.status, "step \(number)", sourceLocation: sourceLocation)
        }
    }

    private func matches(_ action: ConnectionLife.Action, _ expected: Expected) -> Bool {
        switch (action, expected) {
        case (.connect, .connect), (.hold, .hold), (.finish, .finish): true
        case (.pause(let pause), .pause(let longest)): (longest / 2...longest).contains(pause)
        default: false
        }
    }

    @Test func failuresPauseLongerEachTime() {
        check([
            (.failed(reason: "a"), .pause(upTo: .milliseconds(100)), .disconnected(reason: "a")),
            (.pauseElapsed, .connect, .disconnected(reason: "a")),
            (.failed(reason: "b"), .pause(upTo: .milliseconds(200)), .disconnected(reason: "b")),
            (.failed(reason: "b"), .pause(upTo: .milliseconds(400)), .disconnected(reason: "b")),
            (.pauseElapsed, .connect, .disconnected(reason: "b")),
            (.connected, .hold, .connected),
        ])
    }

    @Test func onlyALongLifeEndsTheBackingOff() {
        check([
            (.connected, .hold, .connected),
            (.lost(reason: "x", livedFor: .seconds(1)), .pause(upTo: .milliseconds(100)), .disconnected(reason: "x")),
            (.connected, .hold, .connected),
            (.failed(reason: "x"), .pause(upTo: .milliseconds(200)), .disconnected(reason: "x")),
            (.lost(reason: "x", livedFor: .seconds(1)), .pause(upTo: .milliseconds(400)), .disconnected(reason: "x")),
            (.connected, .hold, .connected),
            (.lost(reason: "x", livedFor: .seconds(9)), .pause(upTo: .milliseconds(100)), .disconnected(reason: "x")),
        ])
    }

    @Test func cancellationFinishes() {
        check([
            (.connected, .hold, .connected),
            (.cancelled, .finish, .disconnected(reason: "stopped")),
        ])
    }
}

@Suite struct SubscriptionTableTests {
    private typealias Requests = SubscriptionTable<Int>.Requests

    @Test func aChannelIsAskedForOnceHoweverManyListen() {
        var table = SubscriptionTable<Int>()
        #expect(table.add(1, to: ["a"]) == false)
        #expect(table.add(2, to: ["a", "b"]) == false)
        #expect(table.takeRequests() == Requests(subscribe: ["a", "b"]))
        #expect(table.takeRequests() == Requests())
        #expect(table.confirm("a") == [1])
        #expect(table.confirm("b") == [2])
        #expect(table.add(3, to: ["a"]) == true)
        #expect(table.takeRequests() == Requests())
        #expect(table.subscribers(of: "a") == [1, 2, 3])
    }

    @Test func aChannelIsLeftWithItsLastSubscriber() {
        var table = SubscriptionTable<Int>()
        _ = table.add(1, to: ["a"])
        _ = table.add(2, to: ["a"])
        _ = table.takeRequests()
        _ = table.confirm("a")
        table.remove(1)
        #expect(table.takeRequests() == Requests())
        table.remove(2)
        #expect(table.takeRequests() == Requests(unsubscribe: ["a"]))
        #expect(table.subscribers(of: "a").isEmpty)
    }

    @Test func comingAndGoingBetweenTwoRequestsAsksForNothing() {
        var table = SubscriptionTable<Int>()
        _ = table.add(1, to: ["a"])
        table.remove(1)
        #expect(table.takeRequests() == Requests())
    }

    @Test func aChannelTakenUpAgainIsOnlyConfirmedByTheSecondConfirmation() {
        var table = SubscriptionTable<Int>()
        _ = table.add(1, to: ["a"])
        _ = table.takeRequests()
        table.remove(1)
        #expect(table.takeRequests() == Requests(unsubscribe: ["a"]))
        #expect(table.add(2, to: ["a"]) == false)
        #expect(table.takeRequests() == Requests(subscribe: ["a"]))
        #expect(table.confirm("a") == [])
        #expect(table.confirm("a") == [2])
    }

    @Test func aNewConnectionIsAskedForEverythingAgain() {
        var table = SubscriptionTable<Int>()
        _ = table.add(1, to: ["a", "b"])
        _ = table.add(2, to: ["c"])
        _ = table.takeRequests()
        for name in ["a", "b", "c"] { _ = table.confirm(name) }
        table.remove(2)
        table.reset()
        #expect(table.takeRequests() == Requests(subscribe: ["a", "b"]))
        #expect(table.confirm("a") == [])
        #expect(table.confirm("b") == [1])
        #expect(table.confirm("b") == [])
    }
}

@Suite struct PendingRepliesTests {
    private let start = ContinuousClock.now

    private func pending(_ replies: [(String, seconds: Int)]) -> PendingReplies<String> {
        var pending = PendingReplies<String>(grace: .seconds(10))
        for (reply, seconds) in replies { pending.append(reply, deadline: start + .seconds(seconds)) }
        return pending
    }

    @Test func repliesBelongToTheOldest() {
        var pending = pending([("a", 1), ("b", 2)])
        #expect(pending.popAnswered() == "a")
        #expect(pending.popAnswered() == "b")
        #expect(pending.popAnswered() == nil)
        #expect(pending.nextCheck == nil)
    }

    @Test func anExpiredCommandKeepsItsPlace() {
        var pending = pending([("a", 1), ("b", 2), ("c", 3)])
        #expect(pending.nextCheck == start + .seconds(1))
        #expect(pending.popExpired(now: start + .seconds(2)) == ["a", "b"])
        #expect(pending.popExpired(now: start + .seconds(2)) == [])
        #expect(pending.nextCheck == start + .seconds(3))
        #expect(pending.popAnswered() == "a")
        #expect(pending.popAnswered() == "b")
        #expect(pending.popExpired(now: start + .seconds(3)) == ["c"])
    }

    @Test func aCommandBehindALongOneIsNotJudgedBeforeIt() {
        var pending = pending([("long", 60), ("short", 1)])
        #expect(pending.popExpired(now: start + .seconds(2)) == [])
        #expect(pending.popAnswered() == "long")
        #expect(pending.popExpired(now: start + .seconds(2)) == ["short"])
    }

    @Test func theConnectionIsStalledWhenTheOldestIsOverdueByTheGrace() {
        var pending = pending([("a", 1), ("b", 30)])
        _ = pending.popExpired(now: start + .seconds(1))
        #expect(pending.nextCheck == start + .seconds(11))
        #expect(!pending.isStalled(now: start + .seconds(10)))
        #expect(pending.isStalled(now: start + .seconds(11)))
        #expect(pending.removeAll() == ["a", "b"])
        #expect(!pending.isStalled(now: start + .seconds(99)))
    }
}
