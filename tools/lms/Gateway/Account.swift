/// Who signs in.
struct Login: Sendable, Hashable, Codable {
    let email: String
    let password: String
}

/// A session of a user.
struct Session: Sendable, Decodable {
    struct User: Sendable, Decodable {
        let organizationID: String?

        enum CodingKeys: String, CodingKey {
            case organizationID = "organization_id"
        }
    }

    let accessToken: String
    let user: User

    enum CodingKeys: String, CodingKey {
        case user
        case accessToken = "access_token"
    }
}

extension GatewayClient {
    /// - Throws: ``GatewayError``.
    func logIn(_ login: Login) async throws -> Session {
        try await call(.post, "/api/v1/auth/login", body: login)
    }

    /// Makes an account with an organization of its own.
    ///
    /// - Throws: ``GatewayError``.
    func register(_ login: Login, name: String, organization: String) async throws -> Session {
        struct Body: Encodable {
            let email: String
            let password: String
            let name: String
            let organizationName: String

            enum CodingKeys: String, CodingKey {
                case email, password, name
                case organizationName = "organization_name"
            }
        }
        return try await call(
            .post, "/api/v1/auth/register",
            body: Body(email: login.email, password: login.password, name: name, organizationName: organization))
    }

    /// The organization that `token` acts in.
    ///
    /// - Throws: ``GatewayError``.
    func organizationID(token: String) async throws -> String? {
        let user: Session.User = try await get("/api/v1/auth/me", options: Options(token: token))
        return user.organizationID
    }

    /// The names of everything that the list at `path` holds of the organization.
    ///
    /// - Throws: ``GatewayError``.
    func names(in path: String, token: String) async throws -> Set<String> {
        struct Page: Decodable {
            struct Item: Decodable {
                let name: String
            }

            let items: [Item]
            let nextCursor: String?

            enum CodingKeys: String, CodingKey {
                case items
                case nextCursor = "next_cursor"
            }
        }
        var names: Set<String> = []
        var cursor = ""
        repeat {
            let page: Page = try await get("\(path)?limit=1000\(cursor)", options: Options(token: token))
            names.formUnion(page.items.map(\.name))
            cursor = page.nextCursor.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        return names
    }

    /// Whether every service is up.
    ///
    /// - Throws: ``GatewayError``; one with status 503 when some service is not.
    func checkHealth() async throws {
        struct Health: Decodable {}
        let _: Health = try await get("/api/v1/system/health", options: Options(deadline: .seconds(5)))
    }
}
