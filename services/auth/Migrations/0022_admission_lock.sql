-- Whether who joins an organization has the factor that it requires is looked at under a lock of the person's row, which
-- confirming or ending a factor takes too: else a member could be left suspended who has one.
CREATE OR REPLACE FUNCTION auth.admit_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    PERFORM FROM auth.users WHERE id = new.user_id FOR SHARE;
    new.is_suspended := auth.lacks_factor(new.organization_id, new.user_id);
    RETURN new;
END
$$;
