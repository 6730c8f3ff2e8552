import HTTPTypes
import Hummingbird
import Identity

/// The routes of a service, each with who may use it: the one place where both are declared, and what a test walks.
///
/// ```swift
/// routes.get("/api/v1/devices/{id}", .user(atLeast: .viewer)) { request, context in
///     let device = try await devices.find(context.id(), in: context.organizationID)
///     return JSON(device, version: device.version)
/// }
/// ```
public struct RouteTable: Sendable {
    public private(set) var routes: [Route] = []
    private let areas: TokenAreas

    /// - Parameter areas: Which scopes personal access tokens need; without it none may use what is not public.
    public init(_ areas: TokenAreas = TokenAreas(nil)) {
        self.areas = areas
    }

    /// Adds a route. Its path's parameters stand in braces; `**` at the end takes any number of segments.
    ///
    /// - Parameter tokens: What it demands of personal access tokens, where the table's areas do not tell.
    /// - Precondition: no other route has this method and path, nor names a parameter of the same path otherwise.
    public mutating func on(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ options: RouteOptions = .api,
        tokens: TokenDemand? = nil,
        use handler: @escaping @Sendable (Request, AppRequestContext) async throws -> some ResponseGenerator
    ) {
        for other in routes where Self.shape(of: other.path) == Self.shape(of: path) {
            precondition(other.path == path, "\(path) and \(other.path) name a parameter differently")
            precondition(other.method != method, "\(method) \(path) is declared twice")
        }
        routes.append(
            Route(
                method: method, path: path, access: access, tokens: tokens ?? areas.demand(method, path, options),
                options: options
            ) { request, context in
                try await handler(request, context).response(from: request, context: context)
            })
    }

    public mutating func get(
        _ path: String, _ access: Access, _ options: RouteOptions = .api,
        tokens: TokenDemand? = nil,
        use handler: @escaping @Sendable (Request, AppRequestContext) async throws -> some ResponseGenerator
    ) {
        on(.get, path, access, options, tokens: tokens, use: handler)
    }

    public mutating func post(
        _ path: String, _ access: Access, _ options: RouteOptions = .api,
        tokens: TokenDemand? = nil,
        use handler: @escaping @Sendable (Request, AppRequestContext) async throws -> some ResponseGenerator
    ) {
        on(.post, path, access, options, tokens: tokens, use: handler)
    }

    public mutating func put(
        _ path: String, _ access: Access, _ options: RouteOptions = .api,
        tokens: TokenDemand? = nil,
        use handler: @escaping @Sendable (Request, AppRequestContext) async throws -> some ResponseGenerator
    ) {
        on(.put, path, access, options, tokens: tokens, use: handler)
    }

    public mutating func patch(
        _ path: String, _ access: Access, _ options: RouteOptions = .api,
        tokens: TokenDemand? = nil,
        use handler: @escaping @Sendable (Request, AppRequestContext) async throws -> some ResponseGenerator
    ) {
        on(.patch, path, access, options, tokens: tokens, use: handler)
    }

    public mutating func delete(
        _ path: String, _ access: Access, _ options: RouteOptions = .api,
        tokens: TokenDemand? = nil,
        use handler: @escaping @Sendable (Request, AppRequestContext) async throws -> some ResponseGenerator
    ) {
        on(.delete, path, access, options, tokens: tokens, use: handler)
    }

    /// Adds a web page.
    public mutating func page(
        _ path: String, _ access: Access, tokens: TokenDemand? = nil,
        use handler: @escaping @Sendable (Request, AppRequestContext) async throws -> some ResponseGenerator
    ) {
        on(.get, path, access, .page, tokens: tokens, use: handler)
    }

    /// Adds what a page's form is sent to; its fields are in `context.form`.
    public mutating func form(
        _ path: String, _ access: Access,
        use handler: @escaping @Sendable (Request, AppRequestContext) async throws -> some ResponseGenerator
    ) {
        on(.post, path, access, .form, use: handler)
    }

    /// The methods of every path, in the order of the paths' declaration.
    var methodsByPath: [(path: String, routes: [Route])] {
        var paths: [String] = []
        var groups: [String: [Route]] = [:]
        for route in routes {
            if groups[route.path] == nil { paths.append(route.path) }
            groups[route.path, default: []].append(route)
        }
        return paths.map { ($0, groups[$0] ?? []) }
    }

    /// The path with its parameters' names left out.
    static func shape(of path: String) -> [Substring] {
        path.split(separator: "/").map { $0.hasPrefix("{") ? "{}" : $0 }
    }
}
