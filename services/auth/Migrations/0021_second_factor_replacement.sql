-- A secret that takes the place of the one in force when a code of it is confirmed; NULL unless that has been begun.
ALTER TABLE auth.second_factors ADD COLUMN next_sealed_secret bytea;
