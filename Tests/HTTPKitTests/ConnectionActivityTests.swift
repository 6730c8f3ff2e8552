import NIOCore
import Testing

@testable import HTTPKit

/// When a connection is closed, in seconds of its life; it may idle for ten.
struct ConnectionActivityTests {
    private func at(_ second: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(second) }

    private func activity() -> ConnectionActivity { ConnectionActivity(idleTimeout: .seconds(10), now: at(0)) }

    @Test func `it idles from its beginning, and from each answer`() {
        var activity = activity()
        #expect(activity.idleDeadline == at(10))
        activity.headCame(at: at(3))
        activity.requestEnded(at: at(3))
        #expect(activity.idleDeadline == nil)
        activity.answered(at: at(50))
        #expect(activity.idleDeadline == at(60))
    }

    @Test func `a body must not stand still, an answer may be long in coming`() {
        var activity = activity()
        activity.headCame(at: at(1))
        #expect(activity.idleDeadline == at(11))
        activity.bodyCame(50_000, at: at(9))
        #expect(activity.idleDeadline == at(19))
        activity.requestEnded(at: at(12))
        #expect(activity.idleDeadline == nil)
    }

    @Test func `a body that comes byte by byte is not waited for much longer than one that stands still`() {
        var activity = activity()
        activity.headCame(at: at(0))
        for second in 1...10 as ClosedRange<Int64> { activity.bodyCame(50, at: at(second)) }
        #expect(activity.idleDeadline == at(11))
    }

    @Test func `a body that comes fast enough may be as long as it is`() {
        var activity = activity()
        activity.headCame(at: at(0))
        for second in 1...1000 as ClosedRange<Int64> {
            activity.bodyCame(ConnectionActivity.slowestBody, at: at(second))
            #expect(activity.idleDeadline == at(second + 10))
        }
    }

    @Test func `what came fast at first does not pay for standing still later`() {
        var activity = activity()
        activity.headCame(at: at(0))
        activity.bodyCame(1 << 30, at: at(1))
        activity.bodyCame(50, at: at(10))
        #expect(activity.idleDeadline == at(11) + .milliseconds(100))
    }

    @Test func `no time-out, no deadline`() {
        #expect(ConnectionActivity(idleTimeout: nil, now: at(0)).idleDeadline == nil)
    }

    @Test func `it is over when the process ends and all is answered`() {
        var activity = activity()
        activity.headCame(at: at(1))
        activity.headCame(at: at(2))
        activity.drain(at: at(2))
        #expect(!activity.isOver && !activity.isLastAnswer(isFollowed: false, at: at(3)))
        activity.answered(at: at(3))
        #expect(!activity.isOver && activity.isLastAnswer(isFollowed: false, at: at(3)))
        activity.forget()
        #expect(activity.isOver)
        activity.headCame(at: at(4))
        #expect(!activity.isOver && activity.isLastAnswer(isFollowed: false, at: at(4)))
    }

    @Test func `what comes behind a request is waited for until the grace is over, from when the process was to end`() {
        var activity = ConnectionActivity(idleTimeout: .seconds(10), grace: .seconds(3), now: at(0))
        activity.headCame(at: at(1))
        #expect(!activity.isLastAnswer(isFollowed: true, at: at(9)) && !activity.refuses(at: at(9)))
        activity.drain(at: at(10))
        activity.drain(at: at(12))
        #expect(!activity.isLastAnswer(isFollowed: true, at: at(12)) && !activity.refuses(at: at(12)))
        #expect(activity.isLastAnswer(isFollowed: true, at: at(13)) && activity.refuses(at: at(13)))
    }

    @Test func `those that were taken are answered, and one is taken when nothing else is under way`() {
        var activity = ConnectionActivity(idleTimeout: .seconds(10), grace: .seconds(3), now: at(0))
        activity.headCame(at: at(1))
        activity.headCame(at: at(1))
        activity.drain(at: at(1))
        #expect(!activity.isLastAnswer(isFollowed: true, at: at(5)) && activity.refuses(at: at(5)))
        activity.answered(at: at(5))
        #expect(activity.isLastAnswer(isFollowed: true, at: at(5)) && activity.refuses(at: at(5)))
        activity.answered(at: at(5))
        #expect(!activity.refuses(at: at(5)))
    }

    @Test func `when the process ends, it idles for an instant only, from then or from its last answer`() {
        var activity = activity()
        activity.drain(at: at(5))
        #expect(activity.idleDeadline == at(5) + ConnectionActivity.grace)
        activity.headCame(at: at(6))
        #expect(activity.idleDeadline == at(16))
        activity.requestEnded(at: at(6))
        #expect(activity.idleDeadline == nil)
        activity.answered(at: at(8))
        #expect(activity.idleDeadline == at(8) + ConnectionActivity.grace)
    }

    @Test func `an answer to what was no request is not counted`() {
        var activity = activity()
        activity.answered(at: at(1))
        activity.headCame(at: at(2))
        #expect(activity.requests == 1)
    }
}
