-- $1 user.
 where u.id = $1
   for update of u
