/// Chooses the copy of a service that gets the next request: of two at random the one with fewer requests under way.
///
/// Two are enough to keep the load even, and unlike the best of all they are not the same for every gateway, so that a
/// copy that came back is not run over (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).
struct CopyChoice {
    /// A copy that could be chosen.
    struct Candidate {
        /// Requests under way there.
        var outstanding: Int
        /// As `CopyHealth.share` has it.
        var share: Double
        /// Whether it could not be connected to a moment ago.
        var isPaused = false

        /// The lowest is tried: copies that are well, then those passed over, and last those that take no connection, as
        /// these are never busy and would get everything.
        fileprivate var rank: Int { share > 0 ? 0 : isPaused ? 2 : 1 }
    }

    var random: RandomNumbers
    private var turn = false

    init(random: RandomNumbers = RandomNumbers()) {
        self.random = random
    }

    /// - Parameters:
    ///   - count: how many copies there are.
    ///   - candidate: the copy at a place; nil where it may not be chosen.
    /// - Returns: the place of the copy chosen; nil where none is a candidate. Where all are passed over they are tried
    ///   nevertheless, as a check may be wrong and a try costs little.
    mutating func choose(_ count: Int, _ candidate: (Int) -> Candidate?) -> Int? {
        var rank = Int.max
        var number = 0
        for index in 0..<count {
            guard let copy = candidate(index), copy.rank <= rank else { continue }
            number = copy.rank == rank ? number + 1 : 1
            rank = copy.rank
        }
        guard number > 0 else { return nil }
        var first = 0
        var second = min(1, number - 1)
        if number > 2 {
            first = random.next(below: number)
            second = random.next(below: number - 1)
            if second >= first { second += 1 }
        }
        var chosen: (index: Int, copy: Candidate)?
        var ordinal = -1
        for index in 0..<count {
            guard let copy = candidate(index), copy.rank == rank else { continue }
            ordinal += 1
            guard ordinal == first || ordinal == second else { continue }
            if let other = chosen {
                return prefers(copy, to: other.copy) ? index : other.index
            }
            chosen = (index, copy)
        }
        return chosen?.index
    }

    private mutating func prefers(_ copy: Candidate, to other: Candidate) -> Bool {
        let takes = isTaken(copy)
        let otherTakes = isTaken(other)
        if takes != otherTakes { return takes }
        if copy.outstanding != other.outstanding { return copy.outstanding < other.outstanding }
        turn.toggle()
        return !turn
    }

    /// Whether a copy that starts slowly takes part this time.
    private mutating func isTaken(_ copy: Candidate) -> Bool {
        copy.share >= 1 || copy.share <= 0 || random.fraction() < copy.share
    }
}
