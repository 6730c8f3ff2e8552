import DequeModule

/// Elements of many owners, taken in turns, so that none waits behind all that another has put there: deficit round robin
/// (Shreedhar and Varghese, "Efficient Fair Queuing Using Deficit Round-Robin", SIGCOMM 1995).
///
/// In its turn an owner may have elements taken up to ``quantum`` of their weight, and what it could not use before; what
/// one owner puts in comes out in its order. Putting in and taking out take constant time for each element, however many
/// there are.
struct FairQueue<Owner: Hashable, Element> {
    /// What one owner has put in.
    private struct Line {
        var elements: Deque<(element: Element, weight: Int)> = []
        var weight = 0
        /// The weight that may be taken before the turn ends.
        var deficit = 0

        mutating func append(_ element: Element, weight: Int) {
            elements.append((element, weight))
            self.weight += weight
        }

        mutating func removeFirst() -> (element: Element, weight: Int) {
            let first = elements.removeFirst()
            weight -= first.weight
            return first
        }
    }

    /// The weight of all elements together that there may be.
    let capacity: Int
    /// The weight of one owner's elements that there may be.
    let share: Int
    /// The weight that comes to an owner with each turn.
    let quantum: Int

    /// The weight of all elements.
    private(set) var weight = 0
    /// How many elements there are.
    private(set) var count = 0
    /// Of each owner that has any elements.
    private var lines: [Owner: Line] = [:]
    /// The owners of `lines`, each once, in the order of their turns.
    private var turns: Deque<Owner> = []
    /// Whether the first owner's turn is under way, so that it has been given its quantum.
    private var isInTurn = false

    init(capacity: Int, share: Int, quantum: Int) {
        self.capacity = capacity
        self.share = share
        self.quantum = quantum
    }

    var isEmpty: Bool { turns.isEmpty }

    /// Puts an element behind the others of its owner.
    ///
    /// - Returns: False when there is no room for it, in the queue or in its owner's share.
    mutating func append(_ element: Element, weight: Int, of owner: Owner) -> Bool {
        guard self.weight + weight <= capacity else { return false }
        if let index = lines.index(forKey: owner) {
            guard lines.values[index].weight + weight <= share else { return false }
            lines.values[index].append(element, weight: weight)
        } else {
            guard weight <= share else { return false }
            var line = Line()
            line.append(element, weight: weight)
            lines[owner] = line
            turns.append(owner)
        }
        self.weight += weight
        count += 1
        return true
    }

    /// Takes elements in the order of the turns, up to the first that is not wanted.
    ///
    /// - Parameter isWanted: Asked once of each element that would be next. After one that is not, the turn goes on with
    ///   the next call.
    mutating func take(while isWanted: (Element) -> Bool) -> [Element] {
        var taken: [Element] = []
        while let owner = turns.first, var line = lines.removeValue(forKey: owner) {
            if !isInTurn { line.deficit += quantum }
            isInTurn = true
            while let next = line.elements.first, next.weight <= line.deficit {
                guard isWanted(next.element) else {
                    lines[owner] = line
                    return taken
                }
                line.deficit -= next.weight
                weight -= next.weight
                count -= 1
                taken.append(line.removeFirst().element)
            }
            isInTurn = false
            turns.removeFirst()
            guard !line.elements.isEmpty else { continue }
            lines[owner] = line
            turns.append(owner)
        }
        return taken
    }

    /// Takes out of each owner's elements the first ones for which `condition` holds, whoever's turn it is.
    mutating func removeFirst(where condition: (Element) -> Bool) -> [Element] {
        var removed: [Element] = []
        let first = turns.first
        for owner in turns {
            guard let head = lines[owner]?.elements.first, condition(head.element) else { continue }
            guard var line = lines.removeValue(forKey: owner) else { continue }
            while let next = line.elements.first, condition(next.element) {
                weight -= next.weight
                count -= 1
                removed.append(line.removeFirst().element)
            }
            if !line.elements.isEmpty { lines[owner] = line }
        }
        turns.removeAll { [lines] in lines[$0] == nil }
        if turns.first != first { isInTurn = false }
        return removed
    }
}
