import HTTPWire

/// The routing table as a tree of path segments.
///
/// The most specific pattern wins, segment by segment: a literal before a prefixed parameter, before a parameter,
/// before an open end; `/api/v1/devices/{id}/readings/*` before `/api/v1/devices/*`.
struct Router: Sendable {
    enum Match {
        case route(Route)
        /// The path exists, but not with this method.
        case methodNotAllowed(HTTPMethods)
        case notFound
    }

    private struct Node: Sendable {
        var literals: [(bytes: [UInt8], node: Int)] = []
        var prefixed: [(bytes: [UInt8], node: Int)] = []
        var parameter: Int?
        var exact: [Route] = []
        var open: [Route] = []
    }

    private var nodes = [Node()]

    /// - Throws: `RouteConflict` when two routes take the same requests.
    init(_ routes: [Route]) throws(RouteConflict) {
        for route in routes { try insert(route) }
    }

    // MARK: Matching

    /// Finds the route of the path at `range`, which has passed `RequestPath.check`.
    func match(_ bytes: Span<UInt8>, _ range: Range<Int>, method: HTTPMethod?) -> Match {
        // A slash at the end changes nothing.
        let hasSlash = range.count > 1 && bytes[range.upperBound - 1] == ASCII.slash
        let path = range.lowerBound + 1..<max(range.lowerBound + 1, range.upperBound - (hasSlash ? 1 : 0))
        var search = Search(methods: method.map { HTTPMethods($0) } ?? [])
        if let route = find(bytes, path, below: 0, &search) { return .route(route) }
        return search.allowed.isEmpty ? .notFound : .methodNotAllowed(search.allowed)
    }

    /// What a search looks for, and the methods of the routes that it passed by.
    private struct Search {
        let methods: HTTPMethods
        var allowed: HTTPMethods = []

        mutating func choose(_ routes: [Route]) -> Route? {
            for route in routes {
                if !methods.isDisjoint(with: route.methods) { return route }
                allowed.formUnion(route.methods)
            }
            return nil
        }
    }

    /// The best route for the segments in `path`, below the node at `index`.
    private func find(
        _ bytes: Span<UInt8>, _ path: Range<Int>, below index: Int, _ search: inout Search
    ) -> Route? {
        guard !path.isEmpty else {
            return search.choose(nodes[index].exact) ?? search.choose(nodes[index].open)
        }
        let end = bytes.index(of: ASCII.slash, in: path) ?? path.upperBound
        let count = end - path.lowerBound
        let rest = min(end + 1, path.upperBound)..<path.upperBound
        for (literal, node) in nodes[index].literals
        where literal.count == count && bytes.begins(with: literal, at: path.lowerBound) {
            if let route = find(bytes, rest, below: node, &search) { return route }
        }
        for (prefix, node) in nodes[index].prefixed
        where prefix.count <= count && bytes.begins(with: prefix, at: path.lowerBound) {
            if let route = find(bytes, rest, below: node, &search) { return route }
        }
        if let node = nodes[index].parameter, let route = find(bytes, rest, below: node, &search) { return route }
        return search.choose(nodes[index].open)
    }

    // MARK: Building

    private mutating func insert(_ route: Route) throws(RouteConflict) {
        var index = 0
        for segment in route.pattern.segments {
            switch segment {
            case .literal(let text): index = child(of: index, Array(text.utf8), in: \.literals)
            case .prefixed(let text): index = child(of: index, Array(text.utf8), in: \.prefixed)
            case .any: index = parameter(of: index)
            }
        }
        let list: WritableKeyPath<Node, [Route]> = route.pattern.isOpen ? \.open : \.exact
        // A route for some methods stands before the one for the rest.
        if route.methods == .all {
            if let other = nodes[index][keyPath: list].first(where: { $0.methods == .all }) {
                throw RouteConflict(one: other.pattern.text, other: route.pattern.text)
            }
            nodes[index][keyPath: list].append(route)
        } else {
            for other in nodes[index][keyPath: list]
            where other.methods != .all && !other.methods.isDisjoint(with: route.methods) {
                throw RouteConflict(one: other.pattern.text, other: route.pattern.text)
            }
            nodes[index][keyPath: list].insert(route, at: 0)
        }
    }

    private mutating func child(
        of parent: Int, _ bytes: [UInt8], in list: WritableKeyPath<Node, [(bytes: [UInt8], node: Int)]>
    ) -> Int {
        if let known = nodes[parent][keyPath: list].first(where: { $0.bytes == bytes }) { return known.node }
        nodes.append(Node())
        nodes[parent][keyPath: list].append((bytes, nodes.count - 1))
        return nodes.count - 1
    }

    private mutating func parameter(of parent: Int) -> Int {
        if let known = nodes[parent].parameter { return known }
        nodes.append(Node())
        nodes[parent].parameter = nodes.count - 1
        return nodes.count - 1
    }
}

/// Two routes that take the same requests.
struct RouteConflict: Error, Equatable, CustomStringConvertible {
    let one: String
    let other: String
    var description: String { "the paths '\(one)' and '\(other)' take the same requests" }
}

extension Span where Element == UInt8 {
    /// Whether `prefix` stands at `start`, where at least as many bytes are.
    fileprivate func begins(with prefix: [UInt8], at start: Int) -> Bool {
        for offset in 0..<prefix.count where self[start + offset] != prefix[offset] { return false }
        return true
    }
}
