import HTTPKit
import Hummingbird

/// The forms of the profile for identities at providers; one is linked by way of ``OIDCRoutes``.
struct ProfileIdentityRoutes: Sendable {
    let profile: ProfilePages
    let identities: IdentityStore

    func add(to routes: inout RouteTable) {
        routes.form(ProfilePages.path + "/identities/{id}/unlink", .signedIn) { request, context in
            try await profile.answering(.unlinking, request, context) {
                guard try await identities.unlink(try context.id(), of: try context.user.id) else {
                    throw Problem.notFound()
                }
                return Redirect(to: ProfilePages.path, done: ProfileNotice.identityUnlinked)
            }
        }
    }
}
