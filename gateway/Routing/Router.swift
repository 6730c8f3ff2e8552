import HTTPWire

/// The routing table as a tree of path segments.
///
/// The most specific pattern wins, segment by segment: a literal before a prefixed parameter, before a parameter,
/// before an open end; `/api/v1/devices/{id}/readings/*` before `/api/v1/devices/*`. Each host that routes name has a
/// tree of its own, which is asked before the one of routes for any host. Of routes with the same path, those for a kind
/// of principal come before the one for any.
struct Router: Sendable {
    /// Hosts that routes may name.
    static let hostLimit = UInt64.bitWidth

    /// What decides about a request's route beside path and method.
    struct Scope: Sendable {
        /// The hosts whose routes may be taken, one bit each.
        fileprivate var hosts: UInt64 = 0
        /// Nil fits the routes of every kind.
        var principal: PrincipalKind?
    }

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
    /// The trees of single hosts, in the order in which they are asked.
    private var hosts: [(pattern: HostPattern, root: Int)] = []
    /// Whether any route is for one kind of principal.
    private var tellsPrincipals = false

    /// - Throws: `RouteConflict` when two routes take the same requests.
    init(_ routes: [Route]) throws(RouteConflict) {
        for route in routes { try insert(route) }
    }

    // MARK: Matching

    /// Looks at what else than the path decides about the route of a request.
    ///
    /// - Parameter isPreflight: whether who will make the request is not told yet.
    func scope(of head: RequestHead, _ bytes: Span<UInt8>, isPreflight: Bool = false) -> Scope {
        var scope = Scope()
        if !hosts.isEmpty, let host = head.host {
            let name = HostPattern.name(bytes, host)
            for index in hosts.indices where hosts[index].pattern.matches(bytes, name) {
                scope.hosts |= 1 << UInt64(index)
            }
        }
        if tellsPrincipals, !isPreflight { scope.principal = .of(head, bytes) }
        return scope
    }

    /// Finds the route of the path at `range`, which has passed `RequestPath.check`.
    func match(_ bytes: Span<UInt8>, _ range: Range<Int>, method: HTTPMethod?, scope: Scope = Scope()) -> Match {
        // A slash at the end changes nothing.
        let hasSlash = range.count > 1 && bytes[range.upperBound - 1] == ASCII.slash
        let path = range.lowerBound + 1..<max(range.lowerBound + 1, range.upperBound - (hasSlash ? 1 : 0))
        var search = Search(methods: method.map { HTTPMethods($0) } ?? [], principal: scope.principal)
        var hosts = scope.hosts
        while hosts != 0 {
            let root = self.hosts[hosts.trailingZeroBitCount].root
            if let route = find(bytes, path, below: root, &search) { return .route(route) }
            hosts &= hosts - 1
        }
        if let route = find(bytes, path, below: 0, &search) { return .route(route) }
        return search.allowed.isEmpty ? .notFound : .methodNotAllowed(search.allowed)
    }

    /// What a search looks for, and the methods of the routes that it passed by.
    private struct Search {
        let methods: HTTPMethods
        let principal: PrincipalKind?
        var allowed: HTTPMethods = []

        mutating func choose(_ routes: [Route]) -> Route? {
            for route in routes {
                if let kind = route.principal, let principal, kind != principal { continue }
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
        var index = root(of: route.host)
        for segment in route.pattern.segments {
            switch segment {
            case .literal(let text): index = child(of: index, Array(text.utf8), in: \.literals)
            case .prefixed(let text): index = child(of: index, Array(text.utf8), in: \.prefixed)
            case .any: index = parameter(of: index)
            }
        }
        let list: WritableKeyPath<Node, [Route]> = route.pattern.isOpen ? \.open : \.exact
        for other in nodes[index][keyPath: list] where other.isAsSpecific(as: route) {
            throw RouteConflict(one: other.text, other: route.text)
        }
        let place = nodes[index][keyPath: list].firstIndex { $0.generality > route.generality }
        nodes[index][keyPath: list].insert(route, at: place ?? nodes[index][keyPath: list].endIndex)
        if route.principal != nil { tellsPrincipals = true }
    }

    /// The root of the tree for `host`.
    private mutating func root(of host: HostPattern?) -> Int {
        guard let host else { return 0 }
        if let known = hosts.first(where: { $0.pattern == host }) { return known.root }
        nodes.append(Node())
        let place = hosts.firstIndex { host.precedes($0.pattern) } ?? hosts.endIndex
        hosts.insert((host, nodes.count - 1), at: place)
        return nodes.count - 1
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

extension Route {
    /// Of routes with one path, the one that is asked first has the least: a kind of principal counts for more than methods.
    fileprivate var generality: Int { (principal == nil ? 2 : 0) + (methods == .all ? 1 : 0) }

    /// Whether `other`, which has the same path, takes some of the same requests, and neither comes before the other.
    fileprivate func isAsSpecific(as other: Route) -> Bool {
        principal == other.principal && generality == other.generality && !methods.isDisjoint(with: other.methods)
    }
}

extension Span where Element == UInt8 {
    /// Whether `prefix` stands at `start`, where at least as many bytes are.
    fileprivate func begins(with prefix: [UInt8], at start: Int) -> Bool {
        for offset in 0..<prefix.count where self[start + offset] != prefix[offset] { return false }
        return true
    }
}
