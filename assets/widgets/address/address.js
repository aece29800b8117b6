// Address: nothing to see; has the server fill its view again from the address.
lab.address.joins(own.slug, () => trigger("restore"));
