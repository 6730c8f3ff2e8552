import Testing

@testable import Gateway

@Suite("The choice of a copy")
struct CopyChoiceTests {
    private typealias Candidate = CopyChoice.Candidate

    /// How often each of `copies` is chosen.
    private func counts(_ copies: [Candidate?], draws: Int) -> [Int] {
        var choice = CopyChoice(random: RandomNumbers(seed: 7))
        var counts = Array(repeating: 0, count: copies.count)
        for _ in 0..<draws {
            if let index = choice.choose(copies.count, { copies[$0] }) { counts[index] += 1 }
        }
        return counts
    }

    private func copies(_ outstanding: [Int]) -> [Candidate?] {
        outstanding.map { Candidate(outstanding: $0, share: 1) }
    }

    @Test("One copy gets everything, two that are even take turns, and the busier of two gets nothing")
    func few() {
        #expect(counts(copies([5]), draws: 10) == [10])
        #expect(counts(copies([3, 3]), draws: 10) == [5, 5])
        #expect(counts(copies([3, 2]), draws: 10) == [0, 10])
        #expect(counts([], draws: 10) == [])
        var choice = CopyChoice()
        #expect(choice.choose(2) { _ in nil } == nil)
    }

    @Test("Of many the busiest gets nothing, and the others the more the less they have to do")
    func many() {
        let counts = counts(copies([0, 1, 2, 9]), draws: 6000)
        #expect((2800...3200).contains(counts[0]))
        #expect((1850...2150).contains(counts[1]))
        #expect((850...1150).contains(counts[2]))
        #expect(counts[3] == 0)
    }

    @Test("Many that are even get even parts")
    func even() {
        for count in counts(copies([1, 1, 1, 1, 1]), draws: 5000) { #expect((880...1120).contains(count)) }
    }

    @Test("What is passed over gets nothing, unless all are; what is no candidate never gets anything")
    func passedOver() {
        let out = Candidate(outstanding: 0, share: 0)
        let well = Candidate(outstanding: 9, share: 1)
        #expect(counts([out, well, out], draws: 100) == [0, 100, 0])
        #expect(counts([out, nil, out], draws: 100) == [50, 0, 50])
        #expect(counts([out, nil], draws: 100) == [100, 0])
        let away = Candidate(outstanding: 0, share: 0, isPaused: true)
        let busy = Candidate(outstanding: 9, share: 0)
        #expect(counts([away, busy, nil], draws: 100) == [0, 100, 0])
        #expect(counts([away, nil, away], draws: 100) == [50, 0, 50])
        let all = counts([out, out, out], draws: 3000)
        for count in all { #expect((900...1100).contains(count)) }
    }

    @Test("A copy that starts slowly gets its part of a fair share, however little there is to do")
    func slowStart() {
        func warming(_ share: Double) -> Candidate { Candidate(outstanding: 0, share: share) }
        let half = counts([warming(1), warming(0.5)], draws: 4000)
        #expect((900...1100).contains(half[1]))
        let tenth = counts([warming(1), warming(0.1)], draws: 4000)
        #expect((150...250).contains(tenth[1]))
        // Where all start slowly there is nobody to wait for.
        let both = counts([warming(0.1), warming(0.1)], draws: 4000)
        #expect((1850...2150).contains(both[1]))
    }
}
