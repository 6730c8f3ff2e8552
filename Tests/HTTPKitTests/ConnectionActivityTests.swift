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
        activity.bodyCame(at: at(9))
        #expect(activity.idleDeadline == at(19))
        activity.requestEnded(at: at(12))
        #expect(activity.idleDeadline == nil)
    }

    @Test func `no time-out, no deadline`() {
        #expect(ConnectionActivity(idleTimeout: nil, now: at(0)).idleDeadline == nil)
    }

    @Test func `it is over when the process ends and all is answered`() {
        var activity = activity()
        activity.headCame(at: at(1))
        activity.headCame(at: at(2))
        activity.drain()
        #expect(!activity.isOver)
        activity.answered(at: at(3))
        #expect(!activity.isOver)
        activity.forget()
        #expect(activity.isOver)
        activity.headCame(at: at(4))
        #expect(!activity.isOver)
    }

    @Test func `an answer to what was no request is not counted`() {
        var activity = activity()
        activity.answered(at: at(1))
        activity.headCame(at: at(2))
        #expect(activity.requests == 1)
    }
}
