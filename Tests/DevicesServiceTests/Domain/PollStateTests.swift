import Testing

@testable import DevicesService

@Suite struct PollStateTests {
    /// A poll that all of that has happened to.
    private func state(after events: [PollState.Event]) -> PollState {
        var state = PollState()
        for event in events { _ = state.handle(event) }
        return state
    }

    @Test(
        arguments: [
            ([], [.none, .none, .none, .answer]),
            ([.woken], [.none, .none, .look, .answer]),
            ([.timeOver], [.none, .none, .answer, .answer]),
            ([.woken, .timeOver], [.none, .none, .answer, .answer]),
            ([.woken, .foundNothing], [.none, .none, .none, .answer]),
            ([.foundNothing], [.look, .answer, .none, .none]),
            ([.foundNothing, .woken], [.none, .none, .none, .answer]),
            ([.foundNothing, .timeOver], [.none, .none, .none, .none]),
            ([.ended], [.none, .none, .none, .none]),
        ] as [([PollState.Event], [PollState.Action])])
    func `what it does about what happens next`(events: [PollState.Event], actions: [PollState.Action]) {
        for (event, action) in zip(PollState.Event.allCases, actions) {
            var state = state(after: events)
            #expect(state.handle(event) == action, "\(event) after \(events)")
        }
    }

    @Test func `what a look finds is answered though the time ends meanwhile`() {
        var state = state(after: [.foundNothing, .woken, .timeOver])
        #expect(state.phase == .looking)
        #expect(state.handle(.ended) == .answer)
        #expect(state.phase == .over)
    }
}
