import Foundation
import Testing

@testable import Identity

@Suite struct AccessTests {
    private static func user(_ role: Role?, grants: [ResourceGrant] = [], superuser: Bool = false) -> Principal {
        .user(.sample(role: role, grants: grants, isSuperuser: superuser))
    }

    private static let device = Principal.device(
        DevicePrincipal(id: UUID(), organizationID: UUID(), keyHash: SecretHash(of: "key")))
    private static let service = Principal.service(name: "devices")
    private static let homeless = Principal.user(.sample(organizationID: nil, role: nil))
    private static let guest = user(nil, grants: [ResourceGrant(resource: .device(UUID()), role: .member)])

    /// One row a demand: who is let in. Whoever is not named is refused, and nobody at all is asked to sign in.
    private static let table: [(Access, Set<String>)] = [
        (.public, ["viewer", "member", "admin", "owner", "superuser", "device", "service", "homeless", "guest"]),
        (.signedIn, ["viewer", "member", "admin", "owner", "superuser", "homeless", "guest"]),
        // Where they are members, and as what, is looked up by whoever serves the route.
        (.member(atLeast: .owner), ["viewer", "member", "admin", "owner", "superuser", "homeless", "guest"]),
        (.user(atLeast: .viewer), ["viewer", "member", "admin", "owner"]),
        (.user(atLeast: .member), ["member", "admin", "owner"]),
        (.user(atLeast: .admin), ["admin", "owner"]),
        (.user(atLeast: .owner), ["owner"]),
        (.user(atLeast: .viewer, orGrant: true), ["viewer", "member", "admin", "owner", "guest"]),
        (.user(atLeast: .admin, orGrant: true), ["admin", "owner"]),
        (.device, ["device"]),
        (.userOrDevice(atLeast: .member), ["member", "admin", "owner", "device"]),
        (.userOrDevice(atLeast: .member, orGrant: true), ["member", "admin", "owner", "device", "guest"]),
        (.superuser, ["superuser"]),
        (.internalService, ["service"]),
    ]

    @Test(arguments: table)
    func letsInWhomTheRouteNames(access: Access, admitted: Set<String>) {
        let principals: [String: Principal] = [
            "viewer": Self.user(.viewer), "member": Self.user(.member), "admin": Self.user(.admin),
            "owner": Self.user(.owner), "superuser": Self.user(nil, superuser: true), "device": Self.device,
            "service": Self.service, "homeless": Self.homeless, "guest": Self.guest,
        ]
        for (name, principal) in principals {
            #expect(access.allows(principal) == (admitted.contains(name) ? .allowed : .forbidden), "\(name)")
        }
        #expect(access.allows(nil) == (access == .public ? .allowed : .unauthenticated))
    }

    @Test func aGrantHoldsOnItsResourceOnly() {
        let (device, project) = (UUID(), UUID())
        let user = UserPrincipal.sample(
            role: nil,
            grants: [
                ResourceGrant(resource: .device(device), role: .viewer),
                ResourceGrant(resource: .project(project), role: .admin),
            ])
        #expect(user.role(onDevice: device) == .viewer)
        #expect(user.role(onDevice: device, ofProject: project) == .admin)
        #expect(user.role(onDevice: UUID(), ofProject: project) == .admin)
        #expect(user.role(onDevice: UUID(), ofProject: UUID()) == nil)
        #expect(user.role(onProject: project) == .admin)
        #expect(user.role(onProject: device) == nil)
    }
}
