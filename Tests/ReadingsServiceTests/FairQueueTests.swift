import Testing

@testable import ReadingsService

@Suite struct FairQueueTests {
    private typealias Queue = FairQueue<Character, String>

    /// Elements are texts whose first letter is their owner.
    private func queue(
        _ elements: [(String, weight: Int)], capacity: Int = 1000, share: Int = 1000
    ) -> Queue {
        var queue = Queue(capacity: capacity, share: share, quantum: 10)
        #expect(append(elements, to: &queue) == elements.map { _ in true })
        return queue
    }

    /// - Returns: Which of them there was room for.
    private func append(_ elements: [(String, weight: Int)], to queue: inout Queue) -> [Bool] {
        elements.map { queue.append($0, weight: $1, of: $0.first!) }
    }

    @Test(
        arguments: [
            // What one owner puts in comes out in its order.
            ([("a1", 3), ("a2", 30), ("a3", 3)], ["a1", "a2", "a3"]),
            // Behind a flood, others wait for one turn of it.
            (
                [("a1", 5), ("a2", 5), ("a3", 5), ("a4", 5), ("b1", 1), ("c1", 1)],
                ["a1", "a2", "b1", "c1", "a3", "a4"]
            ),
            // Many small ones are as much as a few large ones.
            (
                [("a1", 10), ("a2", 10), ("b1", 5), ("b2", 5), ("b3", 5), ("b4", 5)],
                ["a1", "b1", "b2", "a2", "b3", "b4"]
            ),
            // What is heavier than a turn waits until its turns have come to its weight.
            ([("a1", 25), ("b1", 10), ("b2", 10), ("b3", 10)], ["b1", "b2", "a1", "b3"]),
            // What a turn leaves unused is kept for the next.
            ([("a1", 6), ("a2", 12), ("b1", 10), ("b2", 10)], ["a1", "b1", "a2", "b2"]),
        ] as [([(String, weight: Int)], [String])])
    func `owners take turns by weight`(elements: [(String, weight: Int)], order: [String]) {
        var queue = queue(elements)
        #expect(queue.weight == elements.reduce(0) { $0 + $1.weight })
        let taken = queue.take { _ in true }
        #expect(taken == order)
        #expect(queue.weight == 0 && queue.isEmpty)
    }

    @Test(arguments: 1...6)
    func `taking in parts changes nothing of the order`(size: Int) {
        var queue = queue([("a1", 5), ("a2", 5), ("a3", 5), ("b1", 1), ("c1", 12), ("c2", 1)])
        var taken: [String] = []
        while !queue.isEmpty {
            var left = size
            taken += queue.take { _ in
                left -= 1
                return left >= 0
            }
        }
        #expect(taken == ["a1", "a2", "b1", "a3", "c1", "c2"])
        #expect(queue.weight == 0)
    }

    @Test func `who comes while others take turns waits for theirs, and not for all they have`() {
        var queue = queue((0..<20).map { ("a\($0)", 5) })
        var left = 3
        _ = queue.take { _ in
            left -= 1
            return left >= 0
        }
        #expect(append([("b0", 5)], to: &queue) == [true])
        let order = queue.take { _ in true }
        #expect(order.prefix(3) == ["a3", "b0", "a4"])
        #expect(order.count == 18)
    }

    @Test func `an owner holds no more than its share, and all together no more than there is room for`() {
        var queue = queue([("a1", 4), ("a2", 2)], capacity: 10, share: 6)
        let more = append([("a3", 1), ("b1", 7), ("b1", 5), ("b1", 4), ("c1", 1)], to: &queue)
        #expect(more == [false, false, false, true, false])
        #expect(queue.weight == 10)
        let taken = queue.take { _ in true }
        #expect(taken == ["a1", "a2", "b1"])
        // What was taken makes room, and what was refused is not there.
        #expect(append([("a3", 6)], to: &queue) == [true])
        let rest = queue.take { _ in true }
        #expect(rest == ["a3"])
    }

    @Test func `the first of each owner are taken out where they are to be, and nothing else`() {
        var queue = queue([("a1", 5), ("a2", 4), ("b1", 1), ("b2", 3), ("c1", 2)])
        // In the middle of the first turn.
        let before = queue.take { $0 == "a1" }
        let removed = queue.removeFirst { ["a2", "b2", "c1"].contains($0) }
        #expect(before == ["a1"] && removed == ["a2", "c1"])
        #expect(queue.weight == 4)
        let after = queue.take { _ in true }
        #expect(after == ["b1", "b2"])
        #expect(queue.weight == 0 && queue.isEmpty)
    }
}
