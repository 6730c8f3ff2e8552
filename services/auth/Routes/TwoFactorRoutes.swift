import Foundation
import HTTPKit
import Hummingbird
import Identity
import Postgres

/// `/api/v1/auth/two-factor`: the second factor of the caller's account, and the second step of signing in.
struct TwoFactorRoutes: Sendable {
    private static let path = "/api/v1/auth/two-factor"

    let twoFactor: TwoFactor
    let signIn: SignIn

    func add(to routes: inout RouteTable) {
        routes.get(Self.path, .signedIn) { _, context in
            JSON(TwoFactorAnswer(try await twoFactor.store.factor(of: context.user.id)))
        }
        routes.post(Self.path, .signedIn, use: begin)
        routes.post(Self.path + "/confirm", .signedIn) { request, context in
            let input = try await request.decode(as: CodeInput.self, context: context)
            return try await describingProblems {
                answer(try await twoFactor.confirm(input.code, of: context.user.id))
            }
        }
        routes.post(Self.path + "/recovery-codes", .signedIn) { request, context in
            let input = try await request.decode(as: PasswordInput.self, context: context)
            return try await describingProblems {
                answer(
                    try await signIn.renewRecoveryCodes(
                        of: context.user.id, password: input.password, code: input.code ?? "",
                        client: request.client(in: context)))
            }
        }
        routes.post(Self.path + "/challenge", .public) { request, context in
            let input = try await request.decode(as: ChallengeInput.self, context: context)
            return try await describingProblems {
                let opened = try await signIn.answer(
                    input.challenge, code: input.code, client: request.client(in: context))
                return try await signIn.issuer.answer(opened)
            }
        }
        routes.on(.delete, Self.path, .signedIn, use: remove)
    }

    private func answer(_ codes: [RecoveryCode]) -> JSON<[String: [String]]> {
        JSON(["recovery_codes": codes.map(\.text)], headers: [.cacheControl: "no-store"])
    }

    @Sendable private func begin(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<EnrolmentAnswer> {
        let user = try context.user
        let input = try await request.decode(as: PasswordInput.self, context: context)
        return try await describingProblems {
            let (code, email) = try await signIn.beginSecondFactor(
                of: user.id, password: input.password, code: input.code, client: request.client(in: context))
            return JSON(
                try EnrolmentAnswer(code, account: email), status: .created, headers: [.cacheControl: "no-store"])
        }
    }

    @Sendable private func remove(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let user = try context.user
        let input = try await request.decode(as: PasswordInput.self, context: context)
        return try await describingProblems {
            try await signIn.endSecondFactor(
                of: user.id, password: input.password, code: input.code ?? "", client: request.client(in: context))
            return Response(status: .noContent)
        }
    }
}

/// The password, and a code where a factor is in force.
private struct PasswordInput: Decodable {
    let password: String
    let code: String?
}

private struct CodeInput: Decodable {
    let code: String
}

private struct ChallengeInput: Decodable {
    let challenge: String
    let code: String
}

/// Whether an account has a second factor.
struct TwoFactorAnswer: Encodable {
    let isEnabled: Bool
    let enabledAt: Timestamp?
    let recoveryCodesLeft: Int

    init(_ factor: TwoFactorStore.Factor?) {
        isEnabled = factor?.confirmedAt != nil
        enabledAt = factor?.confirmedAt
        recoveryCodesLeft = factor?.recoveryCodesLeft ?? 0
    }

    enum CodingKeys: String, CodingKey {
        case isEnabled = "is_enabled"
        case enabledAt = "enabled_at"
        case recoveryCodesLeft = "recovery_codes_left"
    }
}

/// What an authenticator app is set up with.
struct EnrolmentAnswer: Encodable {
    /// In Base32, for typing.
    let secret: String
    /// The Key URI Format of Google Authenticator, which all apps read.
    let otpauthURL: String
    /// The same as a picture, in SVG.
    let qrCode: String

    /// - Throws: ``QRCode/Failure``.
    init(_ code: TimeBasedCode, account: String) throws {
        secret = Base32.encode(code.secret)
        let label = account.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        otpauthURL = "otpauth://totp/LMS%20Core:\(label)?secret=\(secret)&issuer=LMS%20Core"
        qrCode = try QRCode(otpauthURL).svg
    }

    enum CodingKeys: String, CodingKey {
        case secret
        case otpauthURL = "otpauth_url"
        case qrCode = "qr_code"
    }
}
