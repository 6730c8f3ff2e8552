import Testing

@testable import ReadingsService

@Suite struct FlushPaceTests {
    private let start = ContinuousClock.now

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    /// A pace after a flush of so many requests, which took two milliseconds from the start on.
    private func pace(afterFlushOf requests: Int) -> FlushPace {
        var pace = FlushPace()
        pace.begin(requests: requests, at: at(0))
        pace.end(at: at(2))
        return pace
    }

    @Test func `a flush begins at once where none is under way`() {
        #expect(FlushPace().mayBegin(rows: 1, at: start))
        #expect(!FlushPace().mayBegin(rows: 0, at: start))
        #expect(FlushPace().waitsUntil(requests: 1, rows: 1, at: start) == nil)
    }

    @Test func `beside another one it begins where its rows are worth it, or the other takes long`() {
        var pace = FlushPace()
        pace.begin(requests: 1, at: at(0))
        #expect(!pace.mayBegin(rows: FlushPace.worthwhileRows - 1, at: at(1)))
        #expect(pace.mayBegin(rows: FlushPace.worthwhileRows, at: at(1)))
        #expect(!pace.mayBegin(rows: 1, at: at(50)))
        #expect(pace.mayBegin(rows: 1, at: at(51)))
        pace.end(at: at(60))
        #expect(pace.mayBegin(rows: 1, at: at(60)))
    }

    @Test func `after a flush of many requests the next waits for as many, for a moment`() {
        let pace = pace(afterFlushOf: 20)
        #expect(pace.waitsUntil(requests: 19, rows: 19, at: at(3)) == at(6))
        #expect(pace.waitsUntil(requests: 20, rows: 20, at: at(3)) == nil)
        #expect(pace.waitsUntil(requests: 19, rows: 19, at: at(6)) == nil)
        #expect(pace.waitsUntil(requests: 2, rows: FlushPace.worthwhileRows, at: at(3)) == nil)
    }

    @Test func `after a flush of few requests none waits`() {
        #expect(pace(afterFlushOf: FlushPace.siblings - 1).waitsUntil(requests: 1, rows: 1, at: at(2)) == nil)
    }
}
