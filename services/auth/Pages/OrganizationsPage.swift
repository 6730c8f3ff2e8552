import Foundation
import HTTPKit
import Identity
import Kernel

/// What the forms of the list of organizations have done, and what leads back to it.
enum OrganizationsNotice: String, Notice {
    case switched
    case left

    var text: String {
        switch self {
        case .switched: "You are in another organization now."
        case .left: "You have left the organization."
        }
    }
}

/// The forms of the list of organizations.
enum OrganizationsForm: Sendable {
    case new, others
}

/// What `organizations.mustache` reads as `page`.
struct OrganizationsPage: Sendable {
    struct Item: Sendable {
        let path: String
        let name: String
        let role: String
        let isActive: Bool
        let isSuspended: Bool
        let mayActivate: Bool
        /// When it is deleted; nil where nobody wants that.
        let end: Moment?
    }

    struct Invited: Sendable {
        /// The invitation's page.
        let path: String
        let organization: String
        let role: String
    }

    let frame: PageFrame
    let invitations: [Invited]
    let hasInvitations: Bool
    let items: [Item]
    let hasItems: Bool
    let pager: Pager?
    let name: Field
    /// Why the form for a new one was refused, where no field is to blame.
    let message: String?
    /// Why something else was refused.
    let refusal: String?

    init(
        _ organizations: ListPart<Organization>, invitations found: [Invitation], active: UUID?, frame: PageFrame,
        refused: RefusedForm<OrganizationsForm>?
    ) {
        self.frame = frame
        invitations = found.map {
            Invited(path: "/invitations/\($0.id.text)", organization: $0.organizationName, role: $0.role.rawValue)
        }
        hasInvitations = !found.isEmpty
        items = organizations.items.map { Item($0, isActive: $0.id == active) }
        hasItems = !items.isEmpty
        pager = Pager(
            "Organizations", of: "/organizations", cursor: "cursor", next: organizations.next,
            isFirst: organizations.isFirst, anchor: "organizations")
        let form = FormState(of: .new, refused)
        name = form.field("name", called: "The name")
        message = form.message
        refusal = FormState(of: .others, refused).message
    }
}

extension OrganizationsPage.Item {
    fileprivate init(_ organization: Organization, isActive: Bool) {
        path = "/organizations/\(organization.id.text)"
        name = organization.name
        role = organization.role.rawValue
        self.isActive = isActive
        isSuspended = organization.isSuspended
        mayActivate = !isActive && !organization.isSuspended
        end = organization.deletesAt.map(Moment.init)
    }
}
