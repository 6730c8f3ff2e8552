import Foundation
import HTTPKit
import Identity
import Kernel

/// The forms of an organization's page.
enum OrganizationForm: Sendable {
    case name, secondFactor, invitation, transfer, deletion
    /// One of the forms that are but a button, or stand in a table.
    case action
}

/// What a form of an organization's page has done.
enum OrganizationNotice: String, Notice {
    case created
    case renamed
    case roleChanged = "role-changed"
    case removed
    case invited
    case uninvited
    case transferred
    case factorRequired = "second-factor-required"
    case factorOptional = "second-factor-optional"
    case deletion
    case restored

    var text: String {
        switch self {
        case .created: "The organization has been made; you own it."
        case .renamed: "The organization has been renamed."
        case .roleChanged: "The role has been changed."
        case .removed: "The member has been removed."
        case .invited: "The invitation is on its way."
        case .uninvited: "The invitation has been taken back."
        case .transferred: "The organization has another owner, and you are an admin of it now."
        case .factorRequired: "A second factor is required now; members who have none are suspended until they do."
        case .factorOptional: "A second factor is not required any more."
        case .deletion: "The organization is going to be deleted. Until then an owner can restore it."
        case .restored: "The organization has been restored."
        }
    }
}

/// An organization with what its page shows of it to the caller.
struct OrganizationContents: Sendable {
    let organization: Organization
    let caller: UUID
    let isActive: Bool
    let members: ListPart<Member>
    /// Those that wait; nil for who may not see them.
    let invitations: ListPart<Invitation>?
    /// The members whom the caller may choose among, the earliest first; none for who may not.
    let people: [Member]
    /// The newest acts; nil for who may not see them.
    let acts: [AuditRecord]?
    /// Whether the caller has a second factor.
    let hasFactor: Bool
}

/// What `organization.mustache` reads as `page`.
struct OrganizationPage: Sendable {
    let frame: PageFrame
    let path: String
    let name: String
    let role: String
    let isActive: Bool
    let end: Moment?
    let isOwner: Bool
    /// Why a form without fields was refused.
    let refusal: String?
    /// The form for another name; nil for who may not rename it.
    let renaming: NameForm?
    let members: MemberSection
    let invitations: InvitationSection?
    let ownership: OwnershipSection?
    let policy: FactorPolicySection?
    let audit: AuditSection?
    /// The form for deleting it; nil for who may not, and where it is to be deleted already.
    let deletion: NameForm?

    init(_ contents: OrganizationContents, frame: PageFrame, refused: RefusedForm<OrganizationForm>?) {
        let organization = contents.organization
        self.frame = frame
        path = "/organizations/\(organization.id.text)"
        name = organization.name
        role = organization.role.rawValue
        isActive = contents.isActive
        end = organization.deletesAt.map(Moment.init)
        isOwner = organization.role == .owner
        refusal = FormState(of: .action, refused).message
        renaming =
            organization.role >= .admin
            ? NameForm(FormState(of: .name, refused), current: organization.name) : nil
        members = MemberSection(contents, path: path)
        let invites = FormState(of: OrganizationForm.invitation, refused)
        invitations = contents.invitations.map { [path] in
            InvitationSection($0, by: organization.role, invites, path: path)
        }
        ownership = isOwner ? OwnershipSection(contents, FormState(of: .transfer, refused)) : nil
        policy = isOwner ? FactorPolicySection(contents, FormState(of: .secondFactor, refused)) : nil
        audit = contents.acts.map { AuditSection($0, people: contents.people) }
        deletion = isOwner && end == nil ? NameForm(FormState(of: .deletion, refused), current: "") : nil
    }
}

/// A form that asks for the organization's name.
struct NameForm: Sendable {
    let message: String?
    let name: Field

    init(_ form: FormState, current: String) {
        message = form.message
        name = form.field("name", called: "The name", current)
    }
}
